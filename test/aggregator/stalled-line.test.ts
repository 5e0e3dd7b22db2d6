import { expect, it, onTestFinished } from "vitest";
import { postgresFolder, startPostgres } from "../fake/postgres.ts";
import { stallingProxy } from "../fake/stalling-proxy.ts";
import { until } from "../fake/until.ts";
import { slowRoom } from "./intake/slow-room.ts";

const programs = postgresFolder();

it.skipIf(programs === undefined)(
  "gives no receipt over a line to the database that stands still, nor for what a line lost that broke; it comes again, once",
  async () => {
    const server = await startPostgres(programs ?? "");
    onTestFinished(() => server.stop());
    const url = new URL(server.database("line"));
    const proxy = await stallingProxy(Number(url.port));
    url.port = String(proxy.port);
    const { kept, give, receipted, rejected, untrue } = await slowRoom({ engine: "postgres", url: url.toString() }, ["gw-0"]);
    await give("gw-0", 1);
    proxy.stall();
    const standing = give("gw-0", 2);
    let isDone = false;
    void standing.then(() => (isDone = true));
    let turns = 0;
    await until("a while has passed", () => turns++ > 20);
    expect([isDone, receipted.get("gw-0")]).toEqual([false, 1]);
    proxy.resume();
    await standing;
    expect(receipted.get("gw-0")).toBe(2);
    proxy.stall();
    const broken = give("gw-0", 3);
    turns = 0;
    await until("a while has passed", () => turns++ > 20);
    proxy.cut();
    proxy.resume();
    await broken;
    expect([receipted.get("gw-0"), rejected.counts()]).toEqual([2, { "intake-not-stored": 1 }]);
    await Promise.all([give("gw-0", 3), give("gw-0", 3), give("gw-0", 4)]);
    expect(receipted.get("gw-0")).toBe(4);
    expect(await kept.itemCounts()).toEqual([{ site: "gw-0", rows: 4 }]);
    expect(untrue()).toBe(0);
  },
);
