import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { messageOf, nearest } from "../../shared/errors.ts";

test("errors of the file system are told without the call that failed", () => {
  const messageFor = (path: string) => {
    try {
      readFileSync(path);
    } catch (error) {
      return messageOf(error);
    }
    return "";
  };
  const nowhere = join(tmpdir(), "there-is-no-such-file");
  expect(messageFor(nowhere)).toBe(`no such file or directory: ${nowhere} (ENOENT)`);
  expect(messageFor(tmpdir())).toBe("it is a folder (EISDIR)");
  expect(messageOf(new Error("ENOSPC: made up"))).toBe("ENOSPC: made up");
  expect(messageOf("text")).toBe("text");
});

test("a slip is near to its word, and a short word to nothing that shares no letter with it", () => {
  expect(nearest("rnu", ["run", "plan"])).toBe("run");
  expect(nearest("figrue3", ["figure3"])).toBe("figure3");
  expect(nearest("5", ["to", "from"])).toBeUndefined();
  expect(nearest("y", ["x"])).toBeUndefined();
});
