import { expect, it } from "vitest";
import { openConsents } from "../../agent/consents.ts";
import { consentStore } from "../../agent/store/consent-store.ts";
import { keptSecret } from "../../agent/store/secret-store.ts";
import { errorCode } from "../../core/app-error.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { readConsent } from "../../core/consent.ts";
import { openStore } from "../fake/open-store.ts";
import { silentLog } from "../fake/silent-log.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const none = { intervalMs: 900_000, applianceDetail: false, trades: false };
const aggregator = { id: "agg", gatewayId: "gw-1", brokerUrl: "mqtt://127.0.0.1", controlKeys: [] };

/** A household's consents over one database; open() is a start of the agent with that configuration. */
function household() {
  const db = openStore();
  const clock = fakeClock(startMs);
  let changes = 0;
  const open = (config: { shareIntervalS?: number; shareApplianceDetail?: boolean; shareTrades?: boolean; alone?: true } = {}) =>
    openConsents({
      config: {
        shareIntervalS: 900,
        shareApplianceDetail: false,
        shareTrades: false,
        ...config,
        ...(!config.alone && { aggregator }),
      },
      store: consentStore(db),
      key: (draw) => keptSecret(db, "consents", draw),
      clock,
      log: silentLog(),
      onChange: () => changes++,
    });
  return { db, clock, open, changes: () => changes };
}

it("lets nothing but totals out until somebody has said so", async () => {
  const { open } = household();
  const { sharing, all } = await open();
  expect([sharing(), all()]).toEqual([none, []]);
});

it("lets one kind out when it is allowed, signed, and over a restart; and none of the other", async () => {
  const { open, changes } = household();
  const first = await open();
  await first.say({ scope: "readings", given: true, everyS: 30 });
  expect(first.sharing()).toEqual({ intervalMs: 30_000, applianceDetail: false, trades: false });
  expect(changes()).toBe(1);
  const second = await open();
  expect(second.sharing()).toEqual({ intervalMs: 30_000, applianceDetail: false, trades: false });
  const [text = ""] = second.message().consents;
  const { consent } = await readConsent(text);
  expect(consent).toMatchObject({ site: "gw-1", aggregator: "agg", scope: "readings", given: true, everyS: 30, by: "resident" });
});

it("lets nothing of it out once it is taken back, and tells that signed by the same key", async () => {
  const { open } = household();
  const { say, sharing, message } = await open();
  await say({ scope: "appliances", given: true });
  const [given = ""] = message().consents;
  await say({ scope: "appliances", given: false });
  expect(sharing()).toEqual(none);
  const [revoked = ""] = message().consents;
  expect((await readConsent(revoked)).consent).toMatchObject({ scope: "appliances", given: false });
  expect((await readConsent(revoked)).thumbprint).toBe((await readConsent(given)).thumbprint);
});

it("ends by itself where it was given for a time", async () => {
  const { open, clock } = household();
  const { say, sharing } = await open();
  await say({ scope: "appliances", given: true, untilMs: startMs + 3_600_000 });
  expect(sharing().applianceDetail).toBe(true);
  await clock.advance(3_600_000);
  expect(sharing().applianceDetail).toBe(false);
});

it("takes what the installer wrote down for given, and for taken back when it is gone again", async () => {
  const { open } = household();
  expect((await open({ shareIntervalS: 300, shareApplianceDetail: true })).sharing()).toEqual({
    intervalMs: 300_000,
    applianceDetail: true,
    trades: false,
  });
  const { sharing, all } = await open();
  expect(sharing()).toEqual(none);
  expect(all().map(({ scope, given, by }) => [scope, given, by])).toEqual([
    ["readings", false, "configuration"],
    ["appliances", false, "configuration"],
  ]);
});

it("puts the resident's word above the configuration, at every later start too", async () => {
  const { open } = household();
  const { say } = await open({ shareIntervalS: 300 });
  await say({ scope: "readings", given: false });
  expect((await open({ shareIntervalS: 60 })).sharing()).toEqual(none);
});

it.each<[string, unknown, string]>([
  ["a scope that is none", { scope: "camera", given: true }, "consent-malformed"],
  ["a pace that is none", { scope: "readings", given: true, everyS: 1 }, "consent-malformed"],
  ["an end that is past", { scope: "readings", given: true, untilMs: startMs }, "consent-malformed"],
  ["more than it knows", { scope: "readings", given: true, all: true }, "consent-malformed"],
])("refuses %s", async (_, request, code) => {
  const { open } = household();
  const { say, sharing } = await open();
  expect(
    await Promise.resolve()
      .then(() => say(request))
      .then(() => "kept", errorCode),
  ).toBe(code);
  expect(sharing()).toEqual(none);
});

it("has nobody to give consent to without an aggregator", async () => {
  const { open } = household();
  const { say, sharing } = await open({ alone: true, shareIntervalS: 60 });
  expect(await say({ scope: "readings", given: true }).then(() => "kept", errorCode)).toBe("consent-without-aggregator");
  expect(sharing()).toEqual(none);
});

it("sums of trades are a consent of their own", async () => {
  const { open } = household();
  const { say, sharing } = await open({ shareTrades: true });
  expect(sharing()).toEqual({ ...none, trades: true });
  await say({ scope: "trades", given: false });
  expect(sharing()).toEqual(none);
});
