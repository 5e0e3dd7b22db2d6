import { expect, it } from "vitest";
import { hears, subscriptions } from "../../../aggregator/share/subscriptions.ts";
import { type Share, wholeShare } from "../../../aggregator/share/share.ts";

const worker: Share = { ...wholeShare, worker: "host-1a2b", holds: (site) => site === "own" };

it("hears all that homes say where there is one process, on a session that the broker keeps", () => {
  expect(subscriptions({ id: "elm" }, wholeShare)).toEqual({
    filters: ["sma/1/elm/+/up/#"],
    clientId: "aggregator-elm",
    keep: true,
  });
  const hearing = hears(wholeShare, true);
  expect(["meter", "ack/1", "settle/p", "what/ever"].map((rest) => hearing({ site: "any", rest }))).toEqual([
    true,
    true,
    true,
    true,
  ]);
});

it("shares rows and consents among workers, and hears itself what only the holder of a home needs", () => {
  const { filters, clientId, keep } = subscriptions({ id: "elm", workers: { group: "intake", leaseMs: 1 } }, worker);
  expect(filters.filter((filter) => filter.startsWith("$share/intake/sma/1/elm/+/up/"))).toHaveLength(3);
  expect(filters).toContain("sma/1/elm/+/up/status/#");
  expect(filters).toContain("sma/1/elm/+/up/config");
  expect([clientId, keep]).toEqual(["aggregator-elm-host-1a2b", false]);
});

it.each([
  ["meter", "other", false, true],
  ["consent", "other", false, true],
  ["state", "other", false, true],
  ["resource/boiler", "other", false, true],
  ["status/boiler", "other", false, false],
  ["status/boiler", "own", false, true],
  ["ack/1", "other", false, false],
  ["ack/1", "own", false, true],
  ["config", "other", false, false],
  ["config", "own", false, false],
  ["config", "other", true, true],
  ["settle/p", "own", false, false],
  ["settle/p", "other", true, true],
] as const)("%s of a home (%s; this process settles: %s) is a worker's business: %s", (rest, site, settles, heard) => {
  expect(hears(worker, settles)({ site, rest })).toBe(heard);
});
