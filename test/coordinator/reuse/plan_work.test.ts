import fc from "fast-check";
import { expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal/journal.ts";
import { piecesByWindow } from "../../../coordinator/results/pieces.ts";
import { planWork } from "../../../coordinator/reuse/plan_work.ts";
import { canonicalJson } from "../../../shared/canonical.ts";
import { cellCoordinates, groupCells, type Plan, type PlannedGroup } from "../../../shared/plan.ts";
import { subtract } from "../../../shared/ranges.ts";
import type { LearningRateAxis, SeedAxis } from "../../../shared/spec/axes.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { planCells } from "../../../shared/work_plan.ts";

const [group] = buildPlan(
  parseSweep(
    "{name: p, dataset: example3, loss: logistic, seeds: 1, model: {hidden_layers: 1, width: 9}, learning_rate: 1}",
    "p",
  ),
).groups as [PlannedGroup];

const seeds: fc.Arbitrary<SeedAxis> = fc.oneof(
  fc.record({ from: fc.nat(6), count: fc.integer({ min: 1, max: 9 }) }),
  fc.uniqueArray(fc.nat(14), { minLength: 1, maxLength: 9 }).map((values) => ({ values })),
);

const learningRates: fc.Arbitrary<LearningRateAxis> = fc.oneof(
  fc.record({
    scale: fc.constant("log" as const),
    octaves_per_step: fc.constantFrom(1, 0.5, 0.25),
    first: fc.integer({ min: -4, max: 4 }),
    points: fc.integer({ min: 2, max: 12 }),
  }),
  fc.record({
    scale: fc.constant("linear" as const),
    from: fc.integer({ min: 1, max: 3 }),
    to: fc.integer({ min: 4, max: 9 }),
    points: fc.integer({ min: 2, max: 9 }),
  }),
  fc
    .uniqueArray(fc.constantFrom(0.25, 0.5, 1, 2, 3, 4, 8, 1.5, Math.SQRT2), {
      minLength: 1,
      maxLength: 8,
    })
    .map((values) => ({ scale: "list" as const, values })),
);

const groups = fc.array(
  fc.record({ seeds, learning_rates: learningRates, shape_group: fc.constantFrom("a", "b") }),
  { minLength: 1, maxLength: 3 },
);

function planOf(axes: readonly Pick<PlannedGroup, "seeds" | "learning_rates" | "shape_group">[]) {
  let first_cell = 0;
  const planned = axes.map((own) => {
    const cells = groupCells(own.seeds, own.learning_rates);
    first_cell += cells;
    return { ...group, ...own, cells, first_cell: first_cell - cells };
  });
  return { name: "p", description: "", confidence: 0.9, cells: first_cell, groups: planned };
}

const plans = groups.map(planOf);

/** What every cell of a group is, by its place. */
function identities(planned: PlannedGroup): string[] {
  const { cells, first_cell, shape_group } = planned;
  const { seeds: own, learning_rates } = cellCoordinates(planned, first_cell, cells);
  return Array.from(own, (seed, i) => `${shape_group} ${seed} ${learning_rates[i]}`);
}

const planIdentities = (plan: Plan) => plan.groups.flatMap(identities);

test("a work plan has each cell once, and each in the first source that has it", () => {
  fc.assert(
    fc.property(plans, fc.array(plans, { maxLength: 3 }), (plan, sources) => {
      const { work, cached } = planWork(plan, sources);
      const cells = planIdentities(plan);
      const there = sources.map((source) => source.groups.map((own) => new Set(identities(own))));
      const from = new Map(cached.map((found) => [found.work_group, found]));
      const seen = new Set<number>();
      let next = 0;
      for (const [index, part] of work.groups.entries()) {
        expect(part.first_cell).toBe(next);
        next += part.cells;
        const own = identities(part);
        expect(own).toHaveLength(part.cells);
        for (const [place, identity] of own.entries()) {
          const at = part.first_cell + place;
          const [{ first, end }] = planCells(work, { first: at, end: at + 1 }) as [
            { first: number; end: number },
          ];
          expect(end).toBe(first + 1);
          expect(seen.has(first)).toBe(false);
          seen.add(first);
          expect(cells[first]).toBe(identity);
          const firstSource = there.findIndex((own) => own.some((set) => set.has(identity)));
          const found = from.get(index);
          expect(found?.source ?? -1).toBe(firstSource);
          if (found !== undefined) {
            expect(there[found.source]![found.source_group]!.has(identity)).toBe(true);
          }
        }
      }
      expect(seen.size).toBe(plan.cells);
      if (cached.length === 0) expect(work).toBe(plan);
    }),
    { numRuns: 300 },
  );
});

test("a range of the work plan stands for as many cells of the plan", () => {
  fc.assert(
    fc.property(plans, plans, fc.nat(), fc.nat(), (plan, source, a, b) => {
      const { work } = planWork(plan, [source]);
      const [first, end] = [a % plan.cells, b % (plan.cells + 1)].sort((x, y) => x - y) as [
        number,
        number,
      ];
      const ranges = planCells(work, { first, end });
      const one = (cell: number) => planCells(work, { first: cell, end: cell + 1 })[0]!.first;
      const cells = ranges.flatMap((range) =>
        Array.from({ length: range.end - range.first }, (_, i) => range.first + i),
      );
      const expected = Array.from({ length: end - first }, (_, i) => one(first + i));
      expect(cells).toEqual(expected.sort((x, y) => x - y));
    }),
  );
});

test("the pieces of a window are its cells, however parts were cut and whatever is missing", () => {
  fc.assert(
    fc.property(
      plans,
      fc.array(plans, { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 1, max: 40 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
      fc.nat(),
      (plan, sources, window, lengths, missing) => {
        const { work } = planWork(plan, sources);
        const gap = { first: missing % plan.cells, end: (missing % plan.cells) + 3 };
        const without = [{ first: gap.first, end: Math.min(gap.end, plan.cells) }];
        const commits: Commit[] = [];
        for (const part of work.groups) {
          for (let first = part.first_cell; first < part.first_cell + part.cells; ) {
            const end = Math.min(first + lengths.next().value!, part.first_cell + part.cells);
            const range = { first, end };
            const accepted = subtract([range], without);
            commits.push({ file: `${first}`, range, accepted } as unknown as Commit);
            first = end;
          }
        }
        const found = new Set<number>();
        for (const { first, end, pieces } of piecesByWindow(
          ...([plan, work, commits, without, "", window] as const),
        )) {
          for (const piece of pieces) {
            expect(piece.path).toBe(`${piece.part_first}`);
            for (const range of planCells(work, piece)) {
              expect(range.first).toBeGreaterThanOrEqual(first);
              expect(range.end).toBeLessThanOrEqual(end);
              const own = plan.groups[piece.group]!;
              expect(range.first).toBeGreaterThanOrEqual(own.first_cell);
              expect(range.end).toBeLessThanOrEqual(own.first_cell + own.cells);
              for (let cell = range.first; cell < range.end; cell++) {
                expect(found.has(cell)).toBe(false);
                found.add(cell);
              }
            }
          }
        }
        const lacking = without.flatMap((range) => planCells(work, range));
        const all = subtract([{ first: 0, end: plan.cells }], lacking);
        expect(found.size).toBe(all.reduce((sum, range) => sum + range.end - range.first, 0));
        for (const { first, end } of lacking) {
          for (let cell = first; cell < end; cell++) expect(found.has(cell)).toBe(false);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("a refined axis of a million points is cut into few words", () => {
  const axis = (octaves_per_step: number, first: number, points: number): LearningRateAxis => ({
    ...{ scale: "log", octaves_per_step, first, points },
  });
  const own = { seeds: { from: 0, count: 1e9 }, shape_group: "a" };
  const fine = planOf([{ ...own, learning_rates: axis(2 ** -20, 0, 2 ** 20 + 1) }]);
  const coarse = planOf([
    {
      ...own,
      seeds: { from: 5, count: 1000 },
      learning_rates: axis(2 ** -18, 0, 2 ** 18 + 1),
    },
  ]);
  const { work, cached } = planWork(fine, [coarse]);
  expect(work.groups.map(({ cells }) => cells)).toEqual([
    1000 * (2 ** 18 + 1),
    1000 * (2 ** 20 - 2 ** 18),
    (1e9 - 1000) * (2 ** 20 + 1),
  ]);
  expect(cached).toEqual([{ work_group: 0, source: 0, source_group: 0 }]);
  expect(canonicalJson(work.groups).length).toBeLessThan(5000);
});
