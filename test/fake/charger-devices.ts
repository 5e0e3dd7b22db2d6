import type { ChargerFamilyName } from "../../drivers/appliance/charger/charger-family-names.ts";
import { from, wordsOfFloat, wordsOfLong, type RegisterSlave } from "./register-slave.ts";

/** A charger of one family as it stands in the wall: charging allowed with 16 A, drawing 3,450 W. */
export interface ChargerDevice {
  unit: number;
  holding?: [number, number][];
  input?: [number, number][];
  coils?: [number, boolean][];
  /** What the charger makes of a write: limits in force, and settings that are read elsewhere. */
  after?: (state: RegisterSlave) => void;
  /** Limit as it stands in the registers that are written, A. */
  setA(state: Pick<RegisterSlave, "holding">): number;
}

const word = (state: Pick<RegisterSlave, "holding">, address: number): number => state.holding.get(address) ?? NaN;
const float = (state: Pick<RegisterSlave, "holding">, address: number): number => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(word(state, address), 0);
  bytes.writeUInt16BE(word(state, address + 1), 2);
  return bytes.readFloatBE();
};
const long = (state: Pick<RegisterSlave, "holding">, address: number): number =>
  word(state, address) * 0x1_0000 + word(state, address + 1);
const put = (state: RegisterSlave, address: number, value: number): void => {
  for (const [at, one] of from(address, wordsOfLong(value))) state.holding.set(at, one);
};

const keba: [number, number][] = [
  ...from(1000, wordsOfLong(3)),
  ...from(1020, wordsOfLong(3_450_000)),
  ...from(1100, wordsOfLong(16_000)),
  ...from(1600, wordsOfLong(0)),
  ...from(1602, wordsOfLong(0)),
  [5004, 16_000],
  [5014, 1],
  [5016, 0],
  [5018, 0],
];
const kebaFailsafe = (state: RegisterSlave): void => {
  put(state, 1600, word(state, 5016));
  put(state, 1602, word(state, 5018));
};

export const chargerDevices: Record<ChargerFamilyName, ChargerDevice> = {
  heidelberg_energy_control: {
    unit: 1,
    holding: [
      [257, 15_000],
      [258, 0],
      [259, 1],
      [261, 160],
      [262, 60],
    ],
    input: [[14, 3_450]],
    setA: (state) => word(state, 261) / 10,
  },
  keba_p40: {
    unit: 255,
    holding: keba,
    after: kebaFailsafe,
    setA: (state) => word(state, 5004) / 1000,
  },
  keba_p30: {
    unit: 255,
    holding: keba,
    after(state) {
      kebaFailsafe(state);
      const enabled = word(state, 5014) === 1;
      put(state, 1100, enabled ? word(state, 5004) : 0);
      put(state, 1000, enabled ? 3 : 5);
    },
    setA: (state) => (word(state, 5014) === 1 ? word(state, 5004) / 1000 : 0),
  },
  abb_terra_ac: {
    unit: 1,
    holding: [
      ...from(0x400e, wordsOfLong(16_000)),
      ...from(0x401c, wordsOfLong(3_450)),
      [0x4020, 60],
      [0x4024, 16],
      ...from(0x4100, wordsOfLong(16_000)),
      [0x4106, 60],
      [0x4109, 16],
    ],
    after(state) {
      put(state, 0x400e, long(state, 0x4100));
      state.holding.set(0x4020, word(state, 0x4106)).set(0x4024, word(state, 0x4109));
    },
    setA: (state) => long(state, 0x4100) / 1000,
  },
  alfen_ng9xx: {
    unit: 1,
    holding: [
      ...from(344, wordsOfFloat(3_450)),
      ...from(1208, wordsOfLong(60)),
      ...from(1210, wordsOfFloat(16)),
      ...from(1212, wordsOfFloat(6)),
    ],
    setA: (state) => float(state, 1210),
  },
  phoenix_em_cp_pp_eth: {
    unit: 180,
    holding: [[300, 16]],
    coils: [[400, true]],
    // Low word first.
    input: [...from(108, [23_000, 0]), ...from(120, [345, 0])],
    setA: (state) => word(state, 300),
  },
};
