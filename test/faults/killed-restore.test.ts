import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { backUp } from "../../agent/store/copy-database.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { openSound } from "../../agent/store/open-sound.ts";
import { holdStore } from "../../agent/store/settlement-hold.ts";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";

const strace = peer("strace");
const mostRenames = 10;

/** A state folder and a backup that is older than it. */
function made(): { state: string; copy: string } {
  const folder = scratch("killed-restore");
  const state = join(folder, "state");
  const file = join(state, "data.db");
  const copy = join(folder, "copy.db");
  const fill = (text: string): void => {
    const db = openDatabase(file);
    db.prepare("insert or replace into ledger values ('grid', ?)").run(text);
    db.close();
  };
  mkdirSync(state);
  fill('"old"');
  backUp(file, copy);
  fill('"new"');
  return { state, copy };
}

const script = `
  const { restore } = await import(${JSON.stringify(resolve("agent/store/copy-database.ts"))});
  restore(process.argv[1], process.argv[2], Date.now());
`;

it.skipIf(!strace)(
  "leaves the old database, or one that signs nothing, whichever rename of a restore it is killed at (strace)",
  () => {
    const seen: string[] = [];
    for (let when = 1; when <= mostRenames; when++) {
      const { state, copy } = made();
      const file = join(state, "data.db");
      const inject = `inject=rename,renameat,renameat2:signal=KILL:when=${when}`;
      const args = ["-f", "-qq", "-e", "trace=rename,renameat,renameat2", "-e", inject, "-o", "/dev/null"];
      const { status } = spawnSync(strace ?? "", [...args, process.execPath, "--input-type=module", "-e", script, copy, file]);
      const { db } = openSound(file, Date.now());
      const [ledger] = db.prepare<[], { state: string }>("select state from ledger").all();
      const held = holdStore(db).held() !== null;
      db.close();
      seen.push(`${ledger?.state ?? "empty"}, ${held ? "held" : "signs"}`);
      if (status === 0) break;
    }
    // At last it was not killed.
    expect(seen.at(-1)).toBe('"old", held');
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.length).toBeLessThan(mostRenames);
    for (const one of seen) expect(['"new", signs', '"new", held', '"old", held', "empty, held"]).toContain(one);
    expect(seen).toContain("empty, held");
  },
  60_000,
);
