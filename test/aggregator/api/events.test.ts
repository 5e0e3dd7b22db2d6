import { expect, it } from "vitest";
import { until } from "../../fake/until.ts";
import { apiRig, nowMs } from "./api-rig.ts";

type Rig = Awaited<ReturnType<typeof apiRig>>;

/** A client that reads events as they come. */
async function listen(rig: Rig, authorization: string, lastEventId?: string) {
  const ending = new AbortController();
  const response = await rig.app.request("/v1/events", {
    headers: { authorization, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
    signal: ending.signal,
  });
  const reader = response.body?.getReader();
  const client = { status: response.status, text: "", done: false, leave: () => reader?.cancel() };
  void (async () => {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) break;
      client.text += decoder.decode(value);
    }
    client.done = true;
  })();
  return client;
}

/** Events of a stream: kind, and the number that the test put in. */
const events = (text: string): string[] =>
  [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, kind = "", data = "{}"]) => {
    const { n, site } = JSON.parse(data) as { n?: number; site?: string | null };
    return [kind, site ?? "-", n].join(" ").trim();
  });
const lastId = (text: string): string => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "";

const happen = ({ feed }: Rig, ...sites: (string | null)[]): void => {
  for (const site of sites) feed.emit({ type: "state", site, data: { n: feed.newest() + 1 } });
};

it("tells operators of all homes, a household of its own only", async () => {
  const rig = await apiRig({ open: false });
  const all = await listen(rig, await rig.header("operator"));
  const own = await listen(rig, await rig.header("household", "b"));
  happen(rig, "a", "b", null, "b");
  await until("both have heard", () => events(all.text).length === 4 && events(own.text).length === 2);
  expect(events(all.text)).toEqual(["state a 1", "state b 2", "state - 3", "state b 4"]);
  expect(events(own.text)).toEqual(["state b 2", "state b 4"]);
  expect(own.text).not.toContain('"a"');
});

it("goes on after the last id, and says so where some of it is not kept any more or is of another run", async () => {
  const rig = await apiRig();
  const header = await rig.header("operator");
  happen(rig, "a");
  const first = await listen(rig, header);
  happen(rig, "a", "b");
  await until("it has heard", () => events(first.text).length === 2);
  const at = lastId(first.text);
  expect(at).toBe("run-1:3");
  await first.leave();
  happen(rig, "b", "a");
  const second = await listen(rig, header, at);
  await until("it knows what it missed", () => events(second.text).length === 2);
  expect(events(second.text)).toEqual(["state b 4", "state a 5"]);
  // Twice as many as are kept.
  happen(rig, ...Array.from({ length: 10 }, () => "a"));
  for (const id of [at, "run-0:3", "run-1:99", "nonsense"]) {
    const late = await listen(rig, header, id);
    await until(`${id} is told`, () => late.text.includes("event: reset"));
    expect(events(late.text)).toEqual(["reset -"]);
    expect(lastId(late.text)).toBe("run-1:15");
    await late.leave();
  }
});

it("keeps a household that hears nothing up to date, so that it can go on later", async () => {
  const rig = await apiRig({ open: false });
  const own = await listen(rig, await rig.header("household", "b", { expiresMs: nowMs + 3_600_000 }));
  happen(rig, "a", "a", "a");
  await until("it is connected", () => lastId(own.text) === "run-1:0");
  await rig.clock.advance(15_000);
  await until("it knows how far it is", () => lastId(own.text) === "run-1:3");
  expect(events(own.text)).toEqual([]);
});

it("ends with the token, and cuts off who does not read", async () => {
  const rig = await apiRig({ open: false });
  const header = await rig.header("operator", null, { expiresMs: nowMs + 20_000 });
  const stream = await listen(rig, header);
  await rig.clock.advance(15_000);
  expect(stream.done).toBe(false);
  await rig.clock.advance(15_000);
  await until("the stream is over", () => stream.done);
  const lazy = await rig.app.request("/v1/events", {
    headers: { authorization: await rig.header("operator", null, { expiresMs: null }) },
  });
  happen(rig, ...Array.from({ length: 1100 }, () => "a"));
  const text = await lazy.text();
  expect(events(text).length).toBeLessThan(1000);
});

it("lets one token have six streams, and another one when one of them has ended", async () => {
  const rig = await apiRig({ open: false });
  const header = await rig.header("operator");
  const open = [];
  for (let count = 0; count < 6; count++) open.push(await listen(rig, header));
  expect(await rig.get("/v1/events", header)).toMatchObject({ status: 503, body: { title: "events-too-many" } });
  expect((await listen(rig, await rig.header("operator"))).status).toBe(200);
  await open[0]?.leave();
  expect((await listen(rig, header)).status).toBe(200);
});
