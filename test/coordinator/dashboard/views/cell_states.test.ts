import { expect, test } from "vitest";
import { CellStates } from "../../../../coordinator/dashboard/views/cell_states.ts";
import { applyPart } from "../../../../coordinator/dashboard/views/load_cells.ts";

const range = (first: number, end: number) => ({ first, end });

test("of a part only the cells count that it is the first to bring", () => {
  const states = new CellStates(12);
  const part = { range: range(2, 10), accepted: [range(3, 5), range(8, 9)] };
  applyPart(states, part, Float64Array.of(3, 0, 1, 3, 3, 3, 2, 3));
  expect([...states.codes]).toEqual([0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 0, 0]);
  const touched = states.takeTouched();
  expect(touched).toEqual(part.accepted);
  expect(states.runs(touched)).toEqual([3, 1, 1, 4, 1, 2, 8, 1, 3]);
  expect(states.takeTouched()).toEqual([]);
});

test("a failed cell is so until it is tried again, and a committed one never", () => {
  const states = new CellStates(6);
  states.commit(1, [0]);
  expect(states.setFailed([range(0, 3), range(5, 6)])).toEqual([range(0, 3), range(5, 6)]);
  expect([...states.codes]).toEqual([5, 1, 5, 0, 0, 5]);
  expect(states.setFailed([range(0, 3), range(5, 6)])).toEqual([]);
  // The last one was tried by another host, which finished it.
  states.commit(5, [1]);
  expect(states.setFailed([range(0, 2)])).toEqual([range(2, 3), range(5, 6)]);
  expect([...states.codes]).toEqual([5, 1, 0, 0, 0, 2]);
});

test("runs join what is equal and next to each other, and end with their range", () => {
  const states = new CellStates(8);
  states.commit(0, [0, 0, 0, 2, 2, 0, 0, 0]);
  expect(states.runs([range(1, 7)])).toEqual([1, 2, 1, 3, 2, 3, 5, 2, 1]);
});
