import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { FlexPlanner } from "../../../aggregator/flexibility/flex-desk.ts";
import { marketDesk } from "../../../aggregator/flexibility/market-desk.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { AppError } from "../../../core/app-error.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import { askedIsps, powerOf, type UftpMessage } from "../../../core/message/uftp.ts";
import { localDateOf, slotsOfLocalDay } from "../../../core/slots.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { midnightMs } from "../rows.ts";
import { describeHomes, elm, feederDesk, homesOf } from "../optimise/feeder-desk.ts";

export const timezone = "Europe/Amsterdam";
export const hourMs = 3_600_000;
export const date = localDateOf(midnightMs + 36 * hourMs, timezone);
export const day = slotsOfLocalDay(date, timezone, 15);
const series: PriceSeries = {
  v: 1,
  currency: "EUR",
  start: iso(midnightMs - hourMs),
  stepS: 3600,
  importPerKwh: Array.from({ length: 80 }, (_, hour) => String(200_000 + (hour % 24) * 1000)),
  exportPerKwh: Array.from({ length: 80 }, () => "50000"),
};
export const sites = homesOf(3);

/** Three homes with boilers at a grid operator's market: what is said there. */
export async function market(change: (store: AggregatorStore) => Partial<AggregatorStore> = () => ({})) {
  const feeder = elm(1e6, sites);
  const desk = await feederDesk([feeder], sites, { series });
  const { store, clock } = desk;
  await describeHomes(store, sites);
  const said: UftpMessage[] = [];
  const world = { isBlind: false, isDeaf: false, isFailing: false, hasEnded: false, ordered: [] as string[] };
  /** Its thread ends with the next question. */
  const ending = async (): Promise<never> => {
    world.hasEnded = false;
    throw new AppError("planning-thread-ended", "a thread that plans ended", { temporary: true });
  };
  const open = () =>
    marketDesk({
      access: {
        domain: "agr.example",
        listen: { host: "127.0.0.1", port: 0 },
        tls: { certFile: "", keyFile: "", caFile: "" },
        keyFile: "",
        operator: { domain: "dso.example", url: "https://127.0.0.1", publicKeyFile: "" },
        timezone,
        currency: "EUR",
        points: [{ point: "ean.1", feeder: "elm" }],
        prognosisAt: "00:00",
        terms: { margin: 0, leastPerKwh: 0n },
      },
      store: { ...store, ...change(store) },
      portfolio: {
        ...desk.desk.portfolio,
        async lost(...asked) {
          if (world.isDeaf) throw new Error("connection lost");
          return desk.desk.portfolio.lost(...asked);
        },
        async open(...asked) {
          const made = world.isBlind ? null : await desk.desk.portfolio.open(...asked);
          if (!made) return null;
          const { planner } = made;
          const { prognosis } = planner;
          const answer: FlexPlanner["answer"] = (round) => (world.hasEnded ? ending() : planner.answer(round));
          const fit: FlexPlanner["fit"] = (room) => (world.hasEnded ? ending() : planner.fit(room));
          return { ...made, planner: { prognosis, answer, fit } };
        },
      },
      send: (messages) => void said.push(...messages),
      async onOrder({ reference }) {
        if (world.isFailing) throw new Error("the disk is full");
        world.ordered.push(reference);
      },
      uuid: randomUUID,
      clock,
      log: silentLog(),
    });
  const state = { market: open() };
  const head = () => ({
    Version: "3.0.0" as const,
    SenderDomain: "dso.example",
    RecipientDomain: "agr.example",
    TimeStamp: iso(clock.now()),
    MessageID: randomUUID(),
    ConversationID: randomUUID(),
  });
  const at = { ISPDuration: "PT15M", TimeZone: timezone, Period: date, CongestionPoint: "ean.1" } as const;
  /** Room for no more than so much in any slot. */
  const ask = async (mostW: number): Promise<Extract<UftpMessage, { Message: "FlexOffer" }>> => {
    await state.market.take({
      Message: "FlexRequest",
      ...head(),
      ...at,
      Revision: 1,
      ExpirationDateTime: iso(clock.now() + 600_000),
      ISPs: [{ Start: 1, Duration: day.length, Disposition: "Requested", MinPower: -1e9, MaxPower: mostW }],
      Repair: { Paid: [] },
    });
    await state.market.step();
    const offer = said.findLast((one) => one.Message === "FlexOffer");
    return offer ?? expect.fail("no offer");
  };
  const order = async (
    offer: Extract<UftpMessage, { Message: "FlexOffer" }>,
    reference: string = offer.MessageID,
    prognosis: string = randomUUID(),
  ): Promise<UftpMessage | undefined> => {
    const [option] = offer.OfferOptions;
    await state.market.take({
      Message: "FlexOrder",
      ...head(),
      ...at,
      OrderReference: reference,
      FlexOfferMessageID: offer.MessageID,
      DPrognosisMessageID: prognosis,
      OptionReference: "1",
      Price: option?.Price ?? "",
      Currency: "EUR",
      ActivationFactor: 1,
      ISPs: option?.ISPs ?? [],
      Asked: askedIsps(day.map(() => 1)),
      PenaltyPerKwh: "300000",
    });
    return said.findLast((one) => one.Message === "FlexOrderResponse");
  };
  const revoked = (): string[] => said.flatMap((one) => (one.Message === "FlexOfferRevocation" ? [one.FlexOfferMessageID] : []));
  await state.market.step();
  return {
    ...desk,
    feeder,
    said,
    ask,
    order,
    revoked,
    step: () => state.market.step(),
    world,
    restart: () => void (state.market = open()),
    sessions: () => state.market.sessions(),
    withdraw: () => state.market.withdraw({ point: "ean.1", date }, "operator"),
  };
}

/** The most that an offer takes in a slot, W. */
export const most = (offer: Extract<UftpMessage, { Message: "FlexOffer" }>): number =>
  Math.max(...(powerOf(offer.OfferOptions[0]?.ISPs ?? [], day.length) ?? []));

/** An operator leaves a feeder only so much, until then; null: until they say otherwise. */
export async function tighten(
  { store, desk, clock }: Awaited<ReturnType<typeof market>>,
  name: string,
  untilMs: number | null = null,
  limitW = 4000,
): Promise<void> {
  await store.addWord({ word: "limit", scope: { kind: "feeder", name }, atMs: clock.now(), untilMs, limitW });
  await desk.followOperators();
}
