import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ownData } from "../../../cli/init/own_data.ts";
import { UsageError } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

function given(text: string) {
  writeFileSync(join(folder, "own.csv"), text);
  return ownData("own.csv", folder);
}

test("labels are in the column `label`, or else in the last one", () => {
  expect(given("label,a\n1,0.5\n-1,2\n")).toEqual({ csv: "own.csv" });
  expect(given("a,side\n0.5,1\n2,-1\n")).toEqual({ csv: "own.csv", label: "side" });
  expect(given("0.5,1\n2,-1\n")).toEqual({ csv: "own.csv", header: false, label: -1 });
});

test("two labels of any kind become −1 and 1, the lesser one −1", () => {
  expect(given("a,label\n1,1\n2,0\n")).toEqual({ csv: "own.csv", classes: [0, 1] });
  expect(given('"a, b",species\n1,virginica\n2,setosa\n')).toEqual({
    csv: "own.csv",
    label: "species",
    classes: ["setosa", "virginica"],
  });
});

test("other numbers of labels are refused, with what to write", () => {
  expect(() => given("a,species\n1,x\n2,y\n3,z\n")).toThrow(UsageError);
  expect(() => given("a,species\n1,x\n2,y\n3,z\n")).toThrow(
    /own\.csv: column 'species' has 3 labels \(x, y, z\).*\n.*`classes: \[x, y\]`/,
  );
  expect(() => given("a,label\n1,0\n2,0\n")).toThrow("has a single label (0)");
  expect(() => given("")).toThrow("its first line is empty");
  expect(() => ownData("none.csv", folder)).toThrow("no such file");
});
