import { expect, it } from "vitest";
import { rewardRule, type RewardOptions } from "../../../cli/settlement/reward-rule.ts";
import { errorCode } from "../../../core/app-error.ts";
import { Agreement } from "../../../settlement/record/agreement.ts";
import { runCli } from "../../fake/run-cli.ts";
import { exampleAgreement } from "../../settlement/fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const given = { paidAs: "money", hours: "00:00-00:00", eventsPerDay: "4" } as const;
const rule = (options: Partial<RewardOptions>) => {
  const reward = rewardRule({ ...given, ...options });
  return Agreement.parse(exampleAgreement(domain, { reward })).reward;
};
const refused = (options: Partial<RewardOptions>): string => {
  try {
    return JSON.stringify(rewardRule({ ...given, ...options }));
  } catch (error) {
    return errorCode(error);
  }
};

it("is so much for each day, or a share of what flexibility earned", () => {
  expect(rule({ reward: "0.35" })).toEqual({ kind: "per_day", amount: "350000" });
  expect(rule({ reward: "0" })).toEqual({ kind: "per_day", amount: "0" });
  expect(rule({ share: "37.5", control: "charger,boiler", hours: "22:00-06:00", paidAs: "discount", eventsPerDay: "2" })).toEqual(
    {
      kind: "flexibility",
      share: 375,
      paidAs: "discount",
      control: { resources: ["boiler", "charger"], hours: { from: "22:00", until: "06:00" }, eventsPerDay: 2 },
    },
  );
  expect(rule({ share: "100", control: "boiler" })).toMatchObject({ share: 1000, control: { hours: { from: "00:00" } } });
});

it("may have more limits: hours of a day, and comfort by appliance", () => {
  const more = { hoursPerDay: "12", comfort: "heat_pump=30m,boiler=05:00" };
  expect(rule({ share: "40", control: "boiler,heat_pump", ...more })).toMatchObject({
    control: {
      hoursPerDay: 12,
      comfort: [
        { resource: "boiler", readyBy: "05:00" },
        { resource: "heat_pump", maxBlockS: 1800 },
      ],
    },
  });
  expect(refused({ share: "40", control: "boiler", comfort: "boiler=soon" })).toBe("agreement-malformed");
  expect(refused({ share: "40", control: "boiler", hoursPerDay: "0" })).toMatch(/^usage-/);
});

it("is one of the two, with a share in tenths of a percent and named appliances", () => {
  for (const options of [
    {},
    { reward: "0.35", share: "40", control: "boiler" },
    { share: "40" },
    { share: "100.1", control: "boiler" },
    { share: "0.01", control: "boiler" },
  ])
    expect([options, refused(options)]).toEqual([options, "agreement-malformed"]);
  expect(() => rule({ share: "40", control: "boiler", hours: "night" })).toThrow(/local time/);
});

it("is asked for by agreement draft before anything is asked of the chain", async () => {
  const [one, other] = [`0x${"11".repeat(20)}`, `0x${"22".repeat(20)}`];
  const terms = ["--site", "gw-1", "--household", one, "--aggregator", other, "--from", "2026-12-01T00:00:00Z"];
  const place = ["--until", "2027-12-01T00:00:00Z", "--contract", domain.contract, "--rpc", "http://127.0.0.1:9"];
  const run = (...more: string[]) => runCli(["settlement", "agreement", "draft", ...terms, ...place, ...more]);
  expect((await run()).err).toContain("agreement-malformed");
  expect((await run("--share", "40", "--control", "boiler", "--paid-as", "gold")).err).toContain("Allowed choices");
  expect((await run("--share", "40", "--control", "boiler")).err).toContain("chain-unreachable");
});
