import { expect, it } from "vitest";
import { parse } from "yaml";
import { agentConfigFromYaml } from "../../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../../agent/config/schema.ts";
import { agentYamlLines, agentYamlWith } from "../../fake/agent-yaml.ts";

const config = (more = ""): ReturnType<typeof agentConfigFromYaml> =>
  agentConfigFromYaml(AgentYaml.parse(parse(`${agentYamlLines.join("\n")}\n${more}`)), "/etc/smart-mla");

it("maps snake_case to camelCase, seconds to ms, and relative paths from the file's folder", () => {
  const mapped = config("log: { level: debug }");
  expect(mapped).toMatchObject({
    site: { name: "Test home", slotMinutes: 15, phases: 3, fuseA: 25, maxImportW: 17_250 },
    databaseFile: "/etc/smart-mla/data.db",
    stateFolder: "/etc/smart-mla",
    commitEveryMs: 10_000,
    keep: { rawMs: 40 * 86_400_000, minuteMs: 400 * 86_400_000, quarterMs: 3650 * 86_400_000 },
    shareIntervalS: 900,
    shareApplianceDetail: false,
    shareTrades: false,
    logLevel: "debug",
  });
  expect(mapped.buses.get("lan")).toEqual({ type: "modbus_tcp", host: "192.0.2.7", port: 502 });
  expect([mapped.aggregator, mapped.settlement, mapped.simulationClockUrl]).toEqual([undefined, undefined, undefined]);
});

it("gives each appliance its demand and the safe state of its relay", () => {
  const [off, on] = ["off", "on"];
  expect(config().appliances).toEqual([
    {
      name: "boiler",
      device: { by: "relay", relay: "r1", ratedPowerW: 2000 },
      modes: [
        { id: off, minW: 0, maxW: 0 },
        { id: on, minW: 2000, maxW: 2000 },
      ],
      safe: { mode: off, powerW: 0 },
      least: { mode: off, powerW: 0 },
      stepW: 0,
      phases: null,
      minOnMs: 300_000,
      minOffMs: 300_000,
      maxOffMs: null,
      maxOffAlways: false,
      demand: { kind: "energy", energyWh: 8000, notBefore: "20:00", readyBy: "06:30" },
      meter: null,
      targetSoc: null,
      temperature: null,
      reservePercent: null,
      handHoldMs: 0,
      model: null,
    },
    {
      name: "pump",
      device: { by: "relay", relay: "r2", ratedPowerW: 2500 },
      modes: [
        { id: off, minW: 0, maxW: 0 },
        { id: on, minW: 2500, maxW: 2500 },
      ],
      safe: { mode: on, powerW: 2500 },
      least: { mode: off, powerW: 0 },
      stepW: 0,
      phases: null,
      minOnMs: 5_400_000,
      minOffMs: 300_000,
      maxOffMs: 5_400_000,
      maxOffAlways: false,
      demand: { kind: "block", maxBlockS: 5400, minFreeS: 5400 },
      meter: null,
      targetSoc: null,
      temperature: null,
      reservePercent: null,
      handHoldMs: 0,
      model: null,
    },
  ]);
});

it("resolves the key files of a meter from the file's folder", () => {
  const yaml = agentYamlWith(
    "  grid: { role: grid, driver: dsmr, bus: p1 }",
    "  grid: { role: grid, driver: dsmr, bus: p1, encryption_key_file: p1.key, authentication_key_file: /run/p1.auth }",
  );
  expect(agentConfigFromYaml(AgentYaml.parse(parse(yaml)), "/etc/smart-mla").meters[0]).toMatchObject({
    encryption_key_file: "/etc/smart-mla/p1.key",
    authentication_key_file: "/run/p1.auth",
  });
});

it("takes the way to the chain from settlement.publish: a key of its own or a relayer, and not both", () => {
  const settlement = {
    key: "home",
    passphrase_file: "pass",
    agreement_file: "agreement.json",
    chain_id: 1,
    contract: `0x${"ab".repeat(20)}`,
    rpc_url: "http://127.0.0.1:8545",
  };
  const mapped = (publish: object) => {
    const parsed = AgentYaml.safeParse({
      ...(parse(agentYamlLines.join("\n")) as object),
      settlement: { ...settlement, publish },
    });
    return parsed.success ? agentConfigFromYaml(parsed.data, "/etc/smart-mla").settlement : undefined;
  };
  expect(mapped({ key: "gas" })).toMatchObject({
    finality: "finalized",
    countersignedWithinMs: 3_600_000,
    settledWithinMs: 129_600_000,
    includedWithinMs: 172_800_000,
    settleOwn: false,
    publish: {
      by: "key",
      keyFile: "/etc/smart-mla/keys/gas.json",
      passphraseFile: "/etc/smart-mla/pass",
      perDay: 24,
    },
  });
  expect(mapped({ relayer_url: "https://relay.example", per_day: 3 })?.publish).toEqual({
    by: "relayer",
    url: "https://relay.example",
    perDay: 3,
  });
  expect([mapped({}), mapped({ key: "gas", relayer_url: "https://relay.example" })]).toEqual([undefined, undefined]);
});

it("keeps keys in the state folder and takes secrets only from files", () => {
  const address = `0x${"Ab".repeat(20)}`;
  const mapped = config(
    [
      "aggregator:",
      "  { id: agg, gateway_id: gw-1, broker_url: 'mqtts://broker.example', ca_file: ca.pem, password_file: /run/secret, control_keys: [{ kty: OKP, crv: Ed25519, kid: k, x: AA }] }",
      `settlement: { key: home, passphrase_file: pass, agreement_file: agreement.json, chain_id: 31337, contract: '${address}', rpc_url: 'http://127.0.0.1:8545' }`,
    ].join("\n"),
  );
  expect(mapped.aggregator).toMatchObject({
    id: "agg",
    gatewayId: "gw-1",
    caFile: "/etc/smart-mla/ca.pem",
    passwordFile: "/run/secret",
  });
  expect(mapped.settlement).toMatchObject({
    keyFile: "/etc/smart-mla/keys/home.json",
    passphraseFile: "/etc/smart-mla/pass",
    contract: address.toLowerCase(),
  });
});

it.each<[string, object, [min: number, max: number, safe: number]]>([
  [
    "quarters of an ampere",
    { phases: 1, min_current_a: 6.125, max_current_a: 16.125, failsafe_current_a: 6.375 },
    [1409, 3708, 1466],
  ],
  [
    "one current for all",
    { phases: 1, min_current_a: 6.125, max_current_a: 6.125, failsafe_current_a: 6.125 },
    [1409, 1409, 1409],
  ],
  [
    "products that are not quite whole",
    { phases: 3, min_current_a: 6.1, max_current_a: 16.1, failsafe_current_a: 6.1 },
    [4209, 11_109, 4209],
  ],
])("gives a charger whole watts: %s", (_, currents, [minW, maxW, safeW]) => {
  const comfort = { energy_wh_per_day: 9000, not_before: "20:00", ready_by: "07:00" };
  const good = parse(agentYamlLines.join("\n")) as { appliances: object };
  const car = { type: "ev_charger", driver: "modbus_charger", bus: "lan", unit_id: 3, family: "keba_p40", comfort, ...currents };
  const mapped = agentConfigFromYaml(AgentYaml.parse({ ...good, appliances: { car } }), "/etc/smart-mla").appliances;
  expect(mapped).toMatchObject([
    { modes: [{ id: "off" }, { id: "charge", minW, maxW }], safe: { mode: "charge", powerW: safeW } },
  ]);
  const { modes, safe } = mapped[0] ?? { modes: [] };
  expect([...modes.flatMap((mode) => [mode.minW, mode.maxW]), safe?.powerW].every(Number.isInteger)).toBe(true);
});
