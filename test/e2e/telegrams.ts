import { encodeP1 } from "../../simulator/meter/p1-encoder.ts";

/** Telegrams of one meter, `everyS` apart from an instant on, with a steady 1800 W of import. */
export function telegrams(options: { fromMs: number; count: number; everyS: number; importWh?: number }): Buffer[] {
  const { fromMs, count, everyS, importWh = 4_000_000 } = options;
  return Array.from({ length: count }, (_, at) =>
    encodeP1({
      ident: "SIM5\\2SMA-0042",
      meterId: "SIM000042",
      gasId: "SIMGAS000042",
      atS: Math.floor(fromMs / 1000) + at * everyS,
      offsetS: offsetS(fromMs),
      tariff: 2,
      importWh: [importWh, 2_000_000 + Math.floor((1800 * at * everyS) / 3600)],
      exportWh: [0, 0],
      powerW: 1800,
      phases: [{ voltageV: 230.4, powerW: 1800 }],
      gasDm3: 123_456,
    }),
  );
}

/** What clocks in Amsterdam are ahead of UTC. */
function offsetS(atMs: number): number {
  const [, hours] =
    /GMT\+(\d)/.exec(new Date(atMs).toLocaleString("en", { timeZone: "Europe/Amsterdam", timeZoneName: "shortOffset" })) ?? [];
  return Number(hours) * 3600;
}
