import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, sha256Hex } from "../../shared/canonical.ts";
import { decodeDataset, encodeDataset } from "../../shared/dataset_object.ts";
import { BUILTIN_DATASETS, flatMatrix } from "../../shared/datasets.ts";
import {
  datasetDigest,
  datasetReferences,
  type Plan,
  parsePlan,
  planDigest,
  serializePlan,
} from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";

const content = fc
  .record({
    samples: fc.integer({ min: 1, max: 8 }),
    test: fc.integer({ min: 0, max: 5 }),
    features: fc.integer({ min: 1, max: 5 }),
    isFloat32: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ samples, test: held, features, isFloat32, seed }) => {
    const number = (i: number) => Math.sin(seed + i) * 2 ** (i % 40);
    const values = Float64Array.from({ length: (samples + held) * features }, (_, i) =>
      isFloat32 ? Math.fround(number(i)) : number(i),
    );
    const y = Array.from({ length: samples + held }, (_, i) => ((seed + i) % 3 === 0 ? 1 : -1));
    return { samples, features, values, y, isFloat32 };
  });

test("what is stored comes back, in four bytes a number where that is enough", () => {
  fc.assert(
    fc.property(content, ({ isFloat32, ...data }) => {
      const { reference, bytes } = encodeDataset("any", data);
      const found = decodeDataset("any", reference.digest, bytes);
      const length = data.samples * data.features;
      expect(Array.from(flatMatrix(found))).toEqual(Array.from(data.values.subarray(0, length)));
      expect(found.X.flatMap((row) => Array.from(row))).toEqual(Array.from(flatMatrix(found)));
      expect([...found.y, ...(found.test?.y ?? [])]).toEqual(data.y);
      if (found.test !== undefined) {
        expect(Array.from(flatMatrix(found.test))).toEqual(
          Array.from(data.values.subarray(length)),
        );
      }
      if (isFloat32) expect(found.flat).toBeInstanceOf(Float32Array);
      expect(reference.test_samples).toBe(data.y.length - data.samples);
      // Memory of a pool is not aligned.
      const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
      expect(decodeDataset("any", reference.digest, shifted)).toEqual(found);
    }),
  );
});

test("−0 and 0 are one content; another label, number or cut is another", () => {
  const digestOf = (values: number[], y = [1, -1], samples = 2) =>
    encodeDataset("a", { values, y, samples, features: 1 }).reference.digest;
  expect(digestOf([-0, 1])).toBe(digestOf([0, 1]));
  const others = [digestOf([0, 1]), digestOf([0, 1], [1, 1]), digestOf([0, 1], [1, -1], 1)];
  expect(new Set([...others, digestOf([0, 1 + 2 ** -52])]).size).toBe(4);
});

test("damaged objects are refused", () => {
  const { bytes } = encodeDataset("a", { values: [1, 2], y: [1, -1], samples: 2, features: 1 });
  const damaged = (at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return () => decodeDataset("a", "digest", copy);
  };
  expect(damaged(0, 0)).toThrow("no stored data");
  expect(damaged(8, 5)).toThrow("no stored data");
  expect(damaged(12, 0)).toThrow("no stored data");
  expect(damaged(12, 3)).toThrow("no stored data");
  expect(damaged(24, 0)).toThrow("neither −1 nor +1");
  expect(damaged(bytes.length - 1, 0xff)).not.toThrow();
  const infinite = bytes.slice();
  infinite.set([0, 0, 0x80, 0x7f], bytes.length - 4);
  expect(() => decodeDataset("a", "digest", infinite)).toThrow("not finite");
  expect(() => decodeDataset("a", "digest", bytes.subarray(0, 20))).toThrow("no stored data");
});

test("data in the plan keep the identity that they had; references have that of their content", () => {
  const [first] = BUILTIN_DATASETS;
  const { X, y } = first!;
  expect(datasetDigest(first!)).toBe(sha256Hex(canonicalJson({ X, y })));
  const { reference } = encodeDataset("a", { values: [1, 1], y, samples: 2, features: 1 });
  expect(datasetDigest(reference)).toBe(reference.digest);
});

test("a plan carries references, and one that is unsound is refused", () => {
  const plan = buildPlan(
    parseSweep(
      `{name: r, dataset: example1, loss: logistic, seeds: 1, learning_rate: [1], model: {hidden_layers: 0}}`,
      "s.yaml",
    ),
  );
  const { reference } = encodeDataset("a", { values: [1, 2], y: [1, -1], samples: 2, features: 1 });
  const referring = (more: object): Plan => ({
    ...plan,
    groups: plan.groups.map((group) => ({
      ...group,
      shape: { ...group.shape, dataset: { ...reference, ...more } },
    })),
  });
  const sound = referring({});
  expect(parsePlan(serializePlan(sound))).toEqual(sound);
  expect(datasetReferences(sound)).toEqual([reference]);
  expect(datasetReferences(plan)).toEqual([]);
  expect(planDigest(sound)).not.toBe(planDigest(referring({ name: "b" })));
  for (const more of [{ digest: "../../etc" }, { samples: 0 }, { features: 1.5 }, { bytes: -1 }]) {
    expect(() => parsePlan(serializePlan(referring(more)))).toThrow("no sound digest and sizes");
  }
});
