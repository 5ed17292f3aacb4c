import { beforeAll, expect, test } from "vitest";
import { fillNormals } from "../../../../shared/random.ts";
import { DriftingMatrix } from "../../../../worker/engine/dense/drifting_matrix.ts";
import type { Tfjs } from "../../../../worker/engine/dense/tfjs.ts";
import { openWasm } from "../../../../worker/engine/dense/wasm.ts";

let tf: Tfjs;

beforeAll(async () => {
  tf = await openWasm();
});

function normals(tensor: number, length: number): Float32Array {
  const out = new Float64Array(length);
  fillNormals(9, 1, tensor, 0, out);
  return new Float32Array(out);
}

// Small ones are added up together, large ones each for itself, and a few steps in between as well.
test.each([
  ["small", 5, 4, 11],
  ["large", 150, 120, 150],
])(
  "a %s matrix is what every step has left of it, for the lanes that stay",
  async (_, rows, columns, steps) => {
    const starts = [normals(1, rows * columns), normals(2, rows * columns)];
    const before = tf.memory().numTensors;
    const drifting = new DriftingMatrix(tf, { rows, columns }, [
      { matrix: starts[0]!, lanes: 2 },
      { matrix: starts[1]!, lanes: 1 },
    ]);
    let expected = [0, 0, 1].map((start) => Float64Array.from(starts[start]!));
    const scale = 0.05;

    const check = async (matrix: DriftingMatrix, truth: readonly Float64Array[]) => {
      const lanes = truth.length;
      const u = normals(3, lanes * rows);
      const v = normals(4, lanes * columns);
      const [left, right] = tf.tidy(() => [
        matrix.timesTransposed(tf.tensor2d(u, [lanes, rows])),
        matrix.times(tf.tensor2d(v, [lanes, columns])),
      ]);
      const onRows = await right!.data();
      const onColumns = await left!.data();
      for (const [lane, W] of truth.entries()) {
        const sums = { rows: new Float64Array(rows), columns: new Float64Array(columns) };
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const entry = W[i * columns + j]!;
            sums.rows[i]! += entry * v[lane * columns + j]!;
            sums.columns[j]! += entry * u[lane * rows + i]!;
          }
        }
        for (const [i, sum] of sums.rows.entries()) {
          expect(Math.abs(onRows[lane * rows + i]! - sum)).toBeLessThan(2e-3);
        }
        for (const [j, sum] of sums.columns.entries()) {
          expect(Math.abs(onColumns[lane * columns + j]! - sum)).toBeLessThan(2e-3);
        }
      }
      tf.dispose([left!, right!]);
    };

    let copy: { matrix: DriftingMatrix; truth: Float64Array[] } | undefined;
    for (let t = 0; t < steps; t++) {
      const lanes = expected.length;
      const p = normals(100 + t, lanes * rows).map((value) => scale * value);
      const q = normals(1000 + t, lanes * columns).map((value) => scale * value);
      const [left, right] = [tf.tensor2d(p, [lanes, rows]), tf.tensor2d(q, [lanes, columns])];
      drifting.subtract(left, right);
      tf.dispose([left, right]);
      for (const [lane, W] of expected.entries()) {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            W[i * columns + j]! -= p[lane * rows + i]! * q[lane * columns + j]!;
          }
        }
      }
      if (t === 1) await check(drifting, expected);
      if (t === Math.floor(steps / 2)) {
        copy = { matrix: drifting.copy(), truth: expected.map((W) => W.slice()) };
        const index = tf.tensor1d([0, 2], "int32");
        drifting.select([0, 2], index);
        index.dispose();
        expected = [expected[0]!, expected[2]!];
      }
    }
    await check(drifting, expected);
    await check(copy!.matrix, copy!.truth);
    drifting.dispose();
    copy!.matrix.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);
