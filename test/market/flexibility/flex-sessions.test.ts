import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { iso } from "../../../core/clock/clock.ts";
import { ispsOf, type UftpMessage } from "../../../core/message/uftp.ts";
import { marketConfigFromYaml, type MarketConfig } from "../../../market/config/market-config.ts";
import { MarketYaml } from "../../../market/config/schema.ts";
import { flexSessions, type FlexSessions } from "../../../market/flexibility/flex-sessions.ts";
import { openMarketStore } from "../../../market/store/open-market-store.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";

const dayMs = 86_400_000;
const date = "2026-12-01";
const eveMs = Date.parse("2026-11-30T08:00:00Z");
/** 10:00 and 11:00 in Amsterdam. */
const [prognosesMs, clearMs] = [Date.parse("2026-11-30T09:00:00Z"), Date.parse("2026-11-30T10:00:00Z")];
const participant = { url: "https://127.0.0.1:1", public_key_file: "k", points: { feeder: {} } };

const configOf = (limitW: number | undefined, domains: readonly string[]): MarketConfig =>
  marketConfigFromYaml(
    MarketYaml.parse({
      domain: "dso.example",
      timezone: "Europe/Amsterdam",
      listen: "127.0.0.1:0",
      tls: { cert_file: "c", key_file: "k", ca_file: "a" },
      key_file: "j",
      flexibility: {
        slot_minutes: 60,
        grid: [{ name: "feeder", import_limit_w: limitW }],
        participants: Object.fromEntries(domains.map((domain) => [domain, participant])),
        reserve_micro_per_kwh: 1_000_000,
        penalty_micro_per_kwh: 300_000,
        settle_days: 1,
      },
      storage: { path: "data.db" },
    }),
    "/",
  );

/** A grid operator's database, and its sessions by one configuration after the other. */
function world() {
  const file = join(scratch("sessions"), "data.db");
  const folder = scratch("metered");
  const at = { nowMs: eveMs, failing: "" };
  const said: UftpMessage[] = [];
  const start = async (config: MarketConfig, isDone = true) => {
    const store = await openMarketStore(file);
    const sessions = await flexSessions({
      config: { ...config, flexibility: { ...config.flexibility, meteredFolder: folder } },
      store,
      send: (messages) => void said.push(...messages),
      uuid: randomUUID,
      now: () => at.nowMs,
      isDone: async (operator) => {
        if (operator.period.date === at.failing) throw new Error("no session");
        return isDone;
      },
      log: silentLog(),
    });
    onTestFinished(() => store.close());
    return { store, sessions, session: (day = date) => sessions.sessions().get(day)?.session() };
  };
  const head = (from: string) => ({
    Version: "3.0.0" as const,
    SenderDomain: from,
    RecipientDomain: "dso.example",
    TimeStamp: iso(at.nowMs),
    MessageID: randomUUID(),
    ConversationID: randomUUID(),
  });
  const place = { ISPDuration: "PT60M" as const, TimeZone: "Europe/Amsterdam", Period: date, CongestionPoint: "feeder" };
  return {
    at,
    said,
    folder,
    start,
    head,
    prognosis: (from: string, watts: number, revision = 1): UftpMessage => ({
      Message: "DPrognosis",
      ...head(from),
      ...place,
      Revision: revision,
      ISPs: ispsOf(Array.from({ length: 24 }, () => watts)),
      Rounds: { Parties: 1, Cost: "0" },
    }),
    offer: (from: string, watts: number, price: string): UftpMessage => ({
      Message: "FlexOffer",
      ...head(from),
      ...place,
      ExpirationDateTime: iso(at.nowMs + 60_000),
      FlexRequestMessageID:
        said.findLast((one) => one.Message === "FlexRequest" && one.RecipientDomain === from)?.MessageID ?? randomUUID(),
      DPrognosisMessageID: randomUUID(),
      Currency: "EUR",
      OfferOptions: [
        {
          OptionReference: "1",
          Price: price,
          MinActivationFactor: 1,
          ISPs: ispsOf(Array.from({ length: 24 }, () => watts)),
        },
      ],
      Whole: true,
    }),
  };
}

const [one, two] = ["one.example", "two.example"];

it("goes on by the grid and the seats of the gate, whatever the configuration is after a restart", async () => {
  const { at, said, start, prognosis, offer } = world();
  const first = await start(configOf(8000, [one, two]));
  await first.sessions.take(prognosis(one, 6000));
  await first.sessions.take(prognosis(two, 4000));
  at.nowMs = prognosesMs;
  await first.sessions.step();
  await first.sessions.take(offer(one, 4000, "1000"));
  at.nowMs = clearMs;
  await first.sessions.step();
  expect(first.session()?.seats[0]?.order?.price).toBe(1000n);
  for (const changed of [configOf(undefined, [one, two]), configOf(8000, [two, one]), configOf(8000, [two])]) {
    const again = await start(changed);
    expect(again.session()).toEqual(first.session());
  }
  expect(said.some(({ Message, RecipientDomain }) => Message === "FlexOrder" && RecipientDomain === two)).toBe(false);
});

/** One aggregator has told what it will take, and offered to take less: that was ordered. */
async function untilOrdered({ at, prognosis, offer }: ReturnType<typeof world>, sessions: FlexSessions): Promise<void> {
  await sessions.take(prognosis(one, 6000));
  at.nowMs = prognosesMs;
  await sessions.step();
  await sessions.take(offer(one, 4000, "1000"));
  at.nowMs = clearMs;
  await sessions.step();
}

it("says an order and its settlement again until they are answered, an order until its delivery begins", async () => {
  const here = world();
  const { at, said, start, head } = here;
  const { sessions, session } = await start(configOf(5000, [one, two]));
  const count = (kind: UftpMessage["Message"]): number => said.filter(({ Message }) => Message === kind).length;
  await untilOrdered(here, sessions);
  const order = said.find(({ Message }) => Message === "FlexOrder") ?? expect.fail("no order");
  await sessions.remind();
  expect(said.filter(({ Message }) => Message === "FlexOrder")).toEqual([order, order]);
  const answer: UftpMessage = {
    Message: "FlexOrderResponse",
    ...head(one),
    Result: "Accepted",
    FlexOrderMessageID: order.MessageID,
  };
  await sessions.take(answer);
  await sessions.remind();
  expect(count("FlexOrder")).toBe(2);
  at.nowMs = Date.parse("2026-12-02T00:00:00Z");
  await sessions.step();
  expect(session()?.phase.is).toBe("settle");
  await sessions.remind();
  expect(count("FlexSettlement")).toBe(0);
  await sessions
    .sessions()
    .get(date)
    ?.metered(
      0,
      Array.from({ length: 24 }, () => 4000),
    );
  await sessions.remind();
  expect(count("FlexSettlement")).toBe(2);
  await sessions.take({
    Message: "FlexSettlementResponse",
    ...head(one),
    FlexSettlementMessageID: randomUUID(),
    FlexOrderSettlementStatuses: [{ OrderReference: session()?.seats[0]?.order?.offer ?? "", Disposition: "Accepted" }],
  });
  await sessions.remind();
  expect(count("FlexSettlement")).toBe(2);
});

it("is not held up by a session that cannot go on, nor by meter values of others that cannot be used", async () => {
  const here = world();
  const { at, start, folder, said } = here;
  const { sessions, session } = await start(configOf(5000, [one, two]));
  await untilOrdered(here, sessions);
  at.failing = date;
  at.nowMs = Date.parse("2026-12-02T00:00:00Z");
  await sessions.step();
  const wh = Array.from({ length: 24 }, () => 4000);
  const rows = [two, one].map((participantName) => ({
    participant: participantName,
    point: "feeder",
    wh: participantName === two ? wh.slice(1) : wh,
  }));
  writeFileSync(join(folder, `${date}.json`), JSON.stringify(rows));
  await sessions.readMeters();
  expect(session()?.seats[0]?.meteredWh).toEqual(wh);
  expect(said.at(-1)).toMatchObject({ Message: "FlexSettlement" });
  expect(session("2026-12-03")).toBeDefined();
  at.nowMs = Date.parse("2026-12-05T12:00:00Z");
  await expect(sessions.step()).rejects.toThrow("no session");
  expect(session("2026-12-03")).toBeUndefined();
  expect(session()?.phase.is).toBe("closed");
});

it("takes the configuration as it is until the gate, and gives prognoses to the seats of who sent them", async () => {
  const { at, start, prognosis } = world();
  const first = await start(configOf(20_000, [one, two]));
  await first.sessions.take(prognosis(one, 6000));
  await first.sessions.take(prognosis(two, 4000));
  const again = await start(configOf(8000, ["new.example", two]));
  expect(again.session()?.seats.map(({ prognosis: kept }) => kept?.powerW[0])).toEqual([undefined, 4000]);
  await again.sessions.take(prognosis("new.example", 5000));
  at.nowMs = prognosesMs;
  await again.sessions.step();
  expect(again.session()?.congestion[0]).toMatchObject({ element: "feeder", amountW: 1000 });
});

it("keeps a session open until all its orders have records, however many restarts and days that takes", async () => {
  const { at, start, prognosis } = world();
  const config = configOf(8000, [one]);
  const first = await start(config, false);
  await first.sessions.take(prognosis(one, 6000));
  for (let day = 0; day < 10; day += 1) {
    at.nowMs += dayMs;
    await first.sessions.step();
  }
  const again = await start(config, false);
  expect(again.session()?.phase.is).toBe("frozen");
  const last = await start(config, true);
  expect([...last.sessions.sessions().keys()].filter((day) => day < "2026-12-10")).toEqual([]);
  expect(await last.store.openPeriods(100)).not.toContain(date);
});

it("keeps nothing of what it refuses, and of what is said anew again and again only so much", async () => {
  const { start, head, prognosis, said } = world();
  const { store, sessions, session } = await start(configOf(8000, [one]));
  const keptSteps = async (): Promise<number> => (await store.steps(date).steps()).length;
  await sessions.take(prognosis(one, 6000));
  for (let again = 0; again < 20; again += 1) await sessions.take(prognosis(one, 5000));
  expect(await keptSteps()).toBe(1);
  const answers = said.flatMap((message) => (message.Message === "DPrognosisResponse" ? [message.Result] : []));
  expect(answers).toEqual(["Accepted", ...Array.from({ length: 20 }, () => "Rejected")]);
  for (let revision = 2; revision < 1200; revision += 1) await sessions.take(prognosis(one, revision, revision));
  const most = await keptSteps();
  expect(most).toBeLessThan(1100);
  expect(said.at(-1)).toMatchObject({ Result: "Rejected", RejectionReason: expect.stringContaining("market-flex-too-many") });
  // Nobody else suffers from it, and nothing that was taken is lost.
  expect(session()?.seats[0]?.prognosis?.revision).toBe(most);
  await sessions
    .take({ Message: "FlexOfferRevocation", ...head(one), FlexOfferMessageID: randomUUID() })
    .catch((error: unknown) => expect(error).toMatchObject({ code: "market-flex-no-session" }));
});
