import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli, temporaryFolder } from "./cli.ts";

test("of two workers with one name the first is told, and does not idle for ever", async () => {
  const results = join(temporaryFolder(), "results");
  const server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", results);
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const work = () => new Cli("worker", "--coordinator", address, "--name", "twin", "--slots", "1");
  const first = work();
  await first.says(/connected to/);
  const second = work();
  await second.says(/connected to/);
  const { code, stderr } = await first.finished;
  expect(code).toBe(1);
  expect(stderr).toMatch(/refused: .*twin/);
  await second.killGroup();
  await server.killGroup();
});
