import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openOutbox } from "../../../agent/store/outbox.ts";
import { openStore } from "../../fake/open-store.ts";
import { scratch } from "../../fake/scratch.ts";

const writer = fileURLToPath(new URL("../../fake/row-writer.ts", import.meta.url));

/** Starts the writer, kills it after so many acknowledged rows and gives the last number that it said. */
async function killedAfter(file: string, boot: string, rows: number): Promise<number> {
  const child = spawn(process.execPath, [writer, file, boot], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let said = "";
  child.stdout.on("data", (bytes) => {
    said += String(bytes);
    if (said.split("\n").length > rows) child.kill("SIGKILL");
  });
  expect(await exited).toEqual([null, "SIGKILL"]);
  const whole = said.slice(0, said.lastIndexOf("\n"));
  return Number(whole.split("\n").at(-1));
}

it("loses no acknowledged row and numbers none twice, over twenty kills -9 of the writer", async () => {
  const file = join(scratch("test"), "data.db");
  for (let kill = 1; kill <= 20; kill++) {
    const boot = `boot ${kill}`;
    const acknowledged = await killedAfter(file, boot, 1 + ((kill * 7) % 40));
    const db = openStore(file);
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    const rows = db.prepare<[string], { seq: number }>("select seq from outbox where boot = ? order by seq").all(boot);
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, at) => at + 1));
    db.close();
  }
  const outbox = openOutbox(openStore(file), "last", 0);
  expect(outbox.size()).toBe(outbox.totals().added);
});
