import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Aedes, type Client } from "aedes";
import { tcpBoard } from "../../bench/boards.ts";
import { residentMiB } from "../../bench/process-usage.ts";
import { atLeast, atMost, quantile, type Claim } from "../../bench/report.ts";
import { createControlKey, importControlKey, signEnvelope } from "../../core/envelope.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { telegrams } from "../e2e/telegrams.ts";
import { until } from "../fake/until.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { startAgentProcess } from "./agent-process.ts";
import { aggregatorId } from "./aggregator-files.ts";
import { liveMiB } from "./live-memory.ts";

const site = "gw-1";
/** Loads that the aggregator commands, loads that nobody commands: what switches them on is a forgery. */
const commanded = 10;
const coils = 20;

/**
 * A broker that drops, repeats, turns round, floods, sends foreign topics and messages of a mebibyte, under the built agent
 * in a process of its own. No relay may do what nobody ordered or what was taken back, and memory stays where it was.
 */
export async function hostileBroker(options: { seconds: number; warmUpMs: number; seed: number }): Promise<Claim[]> {
  const random = seededRandom(options.seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-hostile-"));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await wickedBroker();
  opened.defer(() => broker.stop());
  const p1 = await startP1Server(0);
  opened.defer(() => p1.close());
  const board = await tcpBoard(coils);
  opened.defer(() => board.close());
  const [own, foreign] = [await createControlKey("control-1"), await createControlKey("control-1")];
  const [key, forged] = await Promise.all([importControlKey(own.privateJwk), importControlKey(foreign.privateJwk)]);
  const agent = await startAgentProcess({
    folder,
    stateFolder: join(folder, "state"),
    site,
    p1Port: p1.port,
    board: { board, coils },
    brokerUrl: broker.url,
    publicJwk: own.publicJwk,
    inspect: true,
  });
  opened.defer(() => agent.stop());
  const meter = setInterval(() => p1.send(telegrams({ fromMs: Date.now(), count: 1, everyS: 1 })[0] ?? Buffer.alloc(0)), 1000);
  opened.defer(() => clearInterval(meter));
  await until("the agent is connected", async () => (await agent.status()).connected);

  let seq = 0;
  const sign = (
    coil: number,
    on: boolean,
    by = key,
    change: { site?: string; nowMs?: number; plan?: string } = {},
  ): Promise<string> => {
    const resource = `load-${coil}`;
    const nowMs = change.nowMs ?? Date.now();
    const times = { executionTime: new Date(nowMs - 1000).toISOString(), validUntil: new Date(nowMs + 1_800_000).toISOString() };
    const instruction = { id: crypto.randomUUID(), ...times, operationModeId: on ? "on" : "off", reason: "test" };
    const body = { plan: change.plan ?? crypto.randomUUID(), resource, instructions: [instruction] };
    return signEnvelope(by, { type: "instruction", site: change.site ?? site, seq: ++seq, nowMs, lifetimeS: 1800, body });
  };
  const place = (coil: number): string => `sma/1/${aggregatorId}/${site}/dn/instr/load-${coil}`;
  /** What was signed for each load, oldest first, and which of it the agent may follow. */
  const signed = Array.from({ length: commanded }, (): string[] => []);
  const wanted = new Map<number, boolean>();
  const orderedMs = new Map<number, number>();
  let wrong = 0;
  let right = 0;
  board.onWrite = (coil, on) => {
    if (!on) return;
    if (wanted.get(coil) === true) right++;
    else wrong++;
  };
  /** Loads by the plan that takes their order back. */
  const takenBack = new Map<string, number>();
  broker.onAck((plan) => {
    // Only from then on: an order that never came, or was dropped in a flood, takes nothing back.
    const coil = takenBack.get(plan);
    if (coil !== undefined) wanted.set(coil, false);
  });
  const command = async (coil: number, on: boolean): Promise<void> => {
    const plan = crypto.randomUUID();
    const text = await sign(coil, on, key, { plan });
    signed[coil]?.push(text);
    orderedMs.set(coil, performance.now());
    if (on) wanted.set(coil, true);
    else takenBack.set(plan, coil);
    await broker.send(place(coil), text);
  };

  await delay(options.warmUpMs);
  const beforeMiB = residentMiB(agent.pid());
  const startedMs = performance.now();
  const endMs = startedMs + options.seconds * 1000;
  const resident: number[] = [];
  const watch = setInterval(() => resident.push(residentMiB(agent.pid())), 100);
  opened.defer(() => clearInterval(watch));
  let sent = 0;
  let halfLiveMiB: number | undefined;
  for (let round = 0; performance.now() < endMs; round++) {
    // What a first message of each kind brings along is there by then.
    if (halfLiveMiB === undefined && performance.now() > (startedMs + endMs) / 2) halfLiveMiB = await liveMiB(agent.log());
    const coil = below(commanded);
    // Each load may switch a few times an hour only; one on and one off is enough to be turned round, and an on that nobody
    // hides has time to be followed.
    const next = signed[coil]?.length ?? 0;
    const followed = performance.now() - (orderedMs.get(coil) ?? 0) > 2000;
    if (round % 10 === 0 && (next === 0 || (next === 1 && followed))) await command(coil, next === 0);
    const [old] = signed[below(commanded)]?.slice(-2) ?? [];
    const victim = commanded + below(coils - commanded);
    const tricks: (() => Promise<void>)[] = [
      async () => void (old && (await broker.send(place(below(commanded)), old))),
      async () => {
        for (let at = 0; at < commanded; at++)
          for (const text of signed[at]?.toReversed() ?? []) await broker.send(place(at), text);
      },
      async () => broker.send(place(victim), await sign(victim, true, forged)),
      async () => broker.send(place(victim), await sign(victim, true, key, { site: "gw-2" })),
      async () => broker.send(place(victim), await sign(victim, true, key, { nowMs: Date.now() - 7_200_000 })),
      async () => void (old && (await broker.send(place(victim), old))),
      async () => broker.send(place(victim), "x".repeat(1024 * 1024)),
      async () => broker.send(`sma/1/${aggregatorId}/gw-2/dn/instr/load-${victim}`, await sign(victim, true)),
      async () => broker.send(`elsewhere/${below(1e9)}`, "x".repeat(below(1000))),
      async () => {
        for (let at = 0; at < 500; at++)
          await broker.send(`sma/1/${aggregatorId}/${site}/dn/${at % 2 ? "instr" : "x"}/${below(1e9)}`, "{}");
      },
      async () => broker.send("#/+/\u0001", Buffer.from([0xff, 0xfe, 0])),
      async () => broker.drop(),
    ];
    // Hanging up each time would leave no time for anything else.
    const trick = below(100) === 0 ? tricks.length - 1 : below(tricks.length - 1);
    await tricks[trick]?.();
    sent = broker.sent();
    await delay(5);
  }
  await until("the agent is connected again", async () => (await agent.status()).connected, 60_000);
  clearInterval(watch);
  /** Half of the time it is more: messages of a mebibyte pile up until the collector comes, which is no growth. */
  const usualMiB = quantile(resident.slice(resident.length / 2), 0.5);
  const grownMiB = (await liveMiB(agent.log())) - (halfLiveMiB ?? 0);
  const { rejected } = await agent.status();
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  console.log(
    `     hostile-broker: ${sent} messages, resident ${beforeMiB.toFixed(1)} MiB before, ${usualMiB.toFixed(1)} in the second half, at most ${Math.max(...resident).toFixed(1)}; live ${halfLiveMiB?.toFixed(2)} MiB at half time, ${grownMiB.toFixed(2)} more at the end`,
    JSON.stringify(rejected),
  );
  return [
    atMost(`hostile-broker: wrong switchings, of ${sent} messages`, wrong, 0),
    atLeast("hostile-broker: right switchings between them (at least)", right, 1),
    atLeast("hostile-broker: messages refused (at least)", refused, 10),
    atMost(`hostile-broker: resident memory grown in ${options.seconds} s, MiB`, usualMiB - beforeMiB, 20),
    atMost("hostile-broker: live memory more at the end than at half time, MiB", grownMiB, 2),
  ];
}

/** Says to every client what it is told to, whatever that client has subscribed to; all is confirmed and nothing is kept. */
async function wickedBroker() {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  const clients = new Set<Client>();
  aedes.on("client", (client) => clients.add(client));
  aedes.on("clientDisconnect", (client) => clients.delete(client));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let sent = 0;
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    /** Hears the id of each plan that the agent says to have accepted. */
    onAck: (hear: (plan: string) => void) =>
      aedes.on("publish", ({ topic, payload }) => {
        if (!topic.includes("/up/ack/")) return;
        const { plan, status } = JSON.parse(payload.toString()) as { plan: string; status: string };
        if (status === "ACCEPTED") hear(plan);
      }),
    async send(topic: string, payload: string | Buffer): Promise<void> {
      sent++;
      const packet = { cmd: "publish", topic, payload, qos: 0, dup: false, retain: false } as Parameters<Client["publish"]>[0];
      const write = (client: Client): Promise<void> =>
        Promise.race([new Promise<void>((resolve) => client.publish(packet, () => resolve())), delay(1000)]);
      await Promise.all([...clients].map(write));
    },
    async drop(): Promise<void> {
      for (const client of clients) client.close();
    },
    async stop(): Promise<void> {
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      server.close();
    },
  };
}
