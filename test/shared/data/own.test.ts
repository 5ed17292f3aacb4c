import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../e2e/cli.ts";
import { npyBytes, readEntry, refusalOf, rowsOf } from "./files.ts";

let folder = "";
beforeAll(() => {
  folder = temporaryFolder();
});

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content);
}

describe("CSV", () => {
  test("every column but the label is a feature, to the last bit", () => {
    write(
      "own.csv",
      '\uFEFFa,label,b\r\n0.1,cat,-2e-3\r\n+.5,"dog",7\r\n\r\n1.25,cat,0\r\n3,bird,4\n',
    );
    const found = readEntry(folder, "{ csv: own.csv, classes: [cat, dog] }");
    expect(found.name).toBe("own-cat-dog");
    expect(rowsOf(found)).toEqual([
      [0.1, -2e-3],
      [0.5, 7],
      [1.25, 0],
    ]);
    expect(found.y).toEqual([-1, 1, -1]);
    expect(found.flat).toBeInstanceOf(Float64Array);
  });

  test("without names, with a test file, labels −1 and 1", () => {
    write("train.csv", "1,2,-1\n3,4,1\n");
    write("test.csv", "5,6,1\n7,8,-1\n9,10,1");
    const entry = "{ csv: { train: train.csv, test: test.csv }, header: false, label: -1 }";
    const found = readEntry(folder, entry);
    expect(rowsOf(found)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(found.test!.y).toEqual([1, -1, 1]);
    expect(found.flat).toBeInstanceOf(Float32Array);
    const quoted = readEntry(folder, entry.replace("label: -1", 'label: -1, classes: ["-1", "1"]'));
    expect(quoted.digest).toBe(found.digest);
  });

  test.each([
    ["NaN", "x,label\n1,1\nNaN,-1\n", ":3: 'NaN' in column x is no finite number"],
    ["infinity", "x,label\n1e999,1\n1,-1\n", ":2: '1e999' in column x"],
    ["an empty value", "x,label\n,1\n1,-1\n", ":2: '' in column x"],
    ["hexadecimal", "x,label\n0x10,1\n1,-1\n", ":2: '0x10'"],
    ["a short line", "x,z,label\n1,2,1\n1,-1\n", ":3: 2 values, but the first line has 3"],
    ["an open quote", 'x,label\n"1,1\n1,-1\n', ":2: a quote is not closed"],
    ["text after a quote", 'x,label\n"1"2,1\n1,-1\n', ":2: text follows a closed quote"],
    ["no label column", "x,class\n1,1\n1,-1\n", "no column 'label': there are x, class"],
    ["nothing but labels", "label\n1\n-1\n", "no column besides the labels"],
    ["semicolons", "a;b;label\n1;0;1\n0;1;-1\n", "separated by semicolons"],
    ["no samples", "x,label\n", "it holds no samples"],
    ["an empty file", "", "it holds no samples"],
    ["another label", "x,label\n1,1\n2,0\n", "sample 1 has label 0, which is neither −1 nor 1"],
    ["one class only", "x,label\n1,1\n2,1\n", "no sample has label -1; there are 1"],
    ["nothing but zeros", "x,label\n0,1\n0,-1\n", "every sample is zero"],
  ])("%s: refused", (what, text, words) => {
    const name = `${what.replaceAll(" ", "_")}.csv`;
    write(name, text);
    const refusal = refusalOf(folder, `{ csv: ${name} }`);
    expect(refusal).toContain(join(folder, name));
    expect(refusal).toContain(words);
    expect(refusal).toContain("fix: ");
  });

  test("a line of names that is not announced is no sample", () => {
    write("names.csv", "x,label\n1,1\n2,-1\n");
    const refusal = refusalOf(folder, "{ csv: names.csv, header: false, label: 1 }");
    expect(refusal).toContain("needs `header: true`");
    expect(refusalOf(folder, "{ csv: names.csv, label: 2 }")).toContain("no column 2: there are 2");
  });
});

describe("npy", () => {
  const floats = (values: number[]) => new Uint8Array(Float64Array.from(values).buffer);

  test.each([
    ["<f8", floats([1, 2, 3, 4.5])],
    ["<f4", new Uint8Array(Float32Array.from([1, 2, 3, 4.5]).buffer)],
    [">f8", new Uint8Array(Float64Array.from([1, 2, 3, 4.5]).buffer).reverse()],
  ])("samples of type %s", (type, bytes) => {
    write("X.npy", npyBytes(type, "2, 2", bytes));
    write("y.npy", npyBytes("<i8", "2,", new Uint8Array(BigInt64Array.from([-1n, 1n]).buffer)));
    const rows = rowsOf(readEntry(folder, "{ npy: { X: X.npy, y: y.npy } }"));
    const expected = [
      [1, 2],
      [3, 4.5],
    ];
    expect(rows).toEqual(
      type === ">f8" ? expected.reverse().map((row) => row.reverse()) : expected,
    );
  });

  test("further axes become features; version 2; labels of bytes in a column", () => {
    write("X3.npy", npyBytes("|u1", "2, 2, 3", Uint8Array.from(Array(12).keys()), { version: 2 }));
    write("y3.npy", npyBytes("|u1", "2, 1", Uint8Array.of(7, 9)));
    const found = readEntry(folder, "{ npy: { X: X3.npy, y: y3.npy }, classes: [9, 7] }");
    expect(rowsOf(found)[1]).toEqual([6, 7, 8, 9, 10, 11]);
    expect(found.y).toEqual([1, -1]);
  });

  test.each([
    ["another file", Buffer.from("no numpy at all"), "it is no .npy file"],
    [
      "a cut header",
      npyBytes("<f8", "2, 1", floats([1, 2])).subarray(0, 40),
      "cut off in its header",
    ],
    ["cut numbers", npyBytes("<f8", "2, 2", floats([1, 2, 3])), "asks for"],
    ["trailing bytes", npyBytes("<f8", "2, 1", floats([1, 2, 3])), "asks for"],
    ["complex numbers", npyBytes("<c16", "2, 1", new Uint8Array(32)), "its type is '<c16'"],
    ["objects", npyBytes("|O", "2, 1", new Uint8Array(16)), "its type is '|O'"],
    ["truth values", npyBytes("|b1", "2, 1", new Uint8Array(2)), "its type is '|b1'"],
    ["Fortran order", npyBytes("<f8", "2, 1", floats([1, 2]), { fortran: "True" }), "C order"],
    ["NaN", npyBytes("<f8", "2, 1", floats([1, Number.NaN])), "number 1 is NaN"],
    ["infinity", npyBytes("<f8", "2, 1", floats([-1 / 0, 1])), "number 0 is -Infinity"],
    ["one axis", npyBytes("<f8", "2,", floats([1, 2])), "X has one axis"],
    ["no axis", npyBytes("<f8", "", floats([1])), "it holds no numbers"],
    [
      "a version to come",
      npyBytes("<f8", "2, 1", floats([1, 2]), { version: 9 }),
      "format version 9",
    ],
    ["other samples", npyBytes("<f8", "3, 1", floats([1, 2, 3])), "y has 2 labels"],
    [
      "integers past doubles",
      npyBytes("<i8", "2, 1", new Uint8Array(BigInt64Array.from([1n, 2n ** 60n]).buffer)),
      "past the integers",
    ],
  ])("%s: refused", (what, bytes, words) => {
    const name = `${what.replaceAll(" ", "_")}.npy`;
    write(name, bytes);
    write("labels.npy", npyBytes("|i1", "2,", Uint8Array.of(1, 255)));
    const refusal = refusalOf(folder, `{ npy: { X: ${name}, y: labels.npy } }`);
    expect(refusal).toContain(words);
    expect(refusal).toContain("fix: ");
  });
});

describe("scaling", () => {
  const CSV = "a,b,c,label\n1,10,5,1\n3,30,5,-1\n5,20,5,1\n7,40,5,-1\n";

  test("by the training samples, held-out ones alike", () => {
    write("scaled.csv", CSV);
    write("held.csv", "a,b,c,label\n9,0,6,1\n1,10,5,-1\n");
    const read = (scale: string) =>
      readEntry(folder, `{ csv: { train: scaled.csv, test: held.csv }, scale: ${scale} }`);
    const unit = read("unit");
    expect(rowsOf(unit)[2]).toEqual([4 / 6, 10 / 30, 0]);
    expect(rowsOf(unit.test!)[0]).toEqual([8 / 6, -10 / 30, 1]);
    const standard = rowsOf(read("standardize"));
    for (const j of [0, 1]) {
      const column = standard.map((row) => row[j]!);
      expect(column.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 12);
      expect(column.reduce((sum, v) => sum + v * v, 0) / 4).toBeCloseTo(1, 12);
    }
    expect(standard.map((row) => row[2])).toEqual([0, 0, 0, 0]);
    for (const row of rowsOf(read("unit_norm"))) expect(Math.hypot(...row)).toBeCloseTo(1, 12);
    expect(rowsOf(read("none"))[0]).toEqual([1, 10, 5]);
  });

  test("numbers that overflow are refused", () => {
    write("large.csv", "a,label\n1.7e308,1\n-1.7e308,-1\n");
    expect(refusalOf(folder, "{ csv: large.csv, scale: unit }")).toContain("too large");
  });
});
