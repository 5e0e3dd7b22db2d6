import type { ByteBus, SerialSettings } from "../../bus/byte-bus.ts";
import type { DlmsKeys } from "../dlms/general-glo.ts";
import { noDowngrade } from "../dlms/no-downgrade.ts";
import { replayWindow } from "../dlms/replay-window.ts";
import type { MeterZone } from "../meter-zone.ts";
import { framedMeter } from "../framed-meter.ts";
import type { PushMeter, Stamp } from "../meter.ts";
import { hanFramer } from "./han-framer.ts";
import { hanReading } from "./han-reading.ts";
import { openHan } from "./open-han.ts";
import { pauseFramer } from "./pause-framer.ts";

/** HAN lines as they are met, the most common first: Norway and Austria, Kamstrup, Swedish Aidon and Slovenia, others. */
export const hanSettings: readonly [SerialSettings, ...SerialSettings[]] = [
  { baud: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
  { baud: 2_400, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 115_200, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 9_600, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 115_200, dataBits: 8, parity: "even", stopBits: 1 },
];

/**
 * A smart meter with a HAN port that pushes DLMS lists over HDLC or M-Bus (Aidon, Kaifa, Kamstrup, Iskraemeco,
 * Landis+Gyr, Sagemcom), also encrypted, every 2 to 10 s by itself, with counters in each or once an hour.
 * Rejects frames with the framer's and the cipher's codes, han-bad-data, han-clear-frame, dlms-downgraded,
 * meter-impossible-reading.
 */
export function han(options: {
  name: string;
  bus: ByteBus;
  stamp: Stamp;
  settings: readonly [SerialSettings, ...SerialSettings[]];
  zone: MeterZone;
  energyStepWh: 1 | 10;
  keys?: DlmsKeys | undefined;
}): PushMeter {
  const strongEnough = noDowngrade(options.name, options.keys, "han-clear-frame");
  const fresh = replayWindow();
  const opening = { zone: options.zone, kamstrupStepWh: options.energyStepWh, keys: options.keys };
  return framedMeter({
    name: options.name,
    bus: options.bus,
    stamp: options.stamp,
    settings: options.settings,
    framer: (listener) => pauseFramer(hanFramer(listener), () => options.stamp().receivedMs),
    read(frame) {
      const { list, encryption, quality } = openHan(frame, opening, fresh);
      strongEnough(encryption);
      const { receivedMs, clockSynced } = options.stamp();
      return hanReading(list, { meter: options.name, quality, receivedMs, clockSynced });
    },
  });
}
