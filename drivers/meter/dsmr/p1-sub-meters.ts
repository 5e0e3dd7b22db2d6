import type { SubMeterReading } from "../../../core/reading.ts";
import { floatOf, quantityAt, decimalAt } from "../decimal.ts";
import { idAt } from "./p1-id.ts";
import { nextValue, valuesOf, type P1Line, type P1Telegram } from "./p1-parser.ts";
import { p1TimeAt, type P1Zone } from "./p1-time.ts";

/** M-Bus device types. @see EN 13757-3 */
const media: Record<string, SubMeterReading["medium"]> = {
  "2": "electricity",
  "3": "gas",
  "4": "heat",
  "6": "hot-water",
  "7": "water",
  "10": "cold",
  "11": "cold",
  "12": "heat",
  "13": "heat",
  "21": "hot-water",
  "22": "water",
};

/** What the lines of one channel say. */
interface Channel {
  medium: SubMeterReading["medium"];
  id: string | null;
  measured: { value: number; unit: string; atMs: number | null } | undefined;
}

const empty: (Channel | undefined)[] = Array.from({ length: 9 }, () => undefined);

/**
 * Meters behind a P1 meter, channels 1 to 8. The device type says what a meter counts: the channel is only the order of
 * installation. A channel without a readable value is left out.
 * @param lines those of the telegram with A = 0 and B = 1 to 8
 */
export function p1SubMeters(telegram: P1Telegram, lines: readonly P1Line[], zone: P1Zone): SubMeterReading[] {
  if (lines.length === 0) return [];
  const channels = empty.slice();
  for (const line of lines) {
    const channel = (channels[line.group] ??= { medium: "other", id: null, measured: undefined });
    const { bytes } = telegram;
    switch (line.code) {
      case 0x18_01_00: // 24.1.0
        channel.medium = media[String(decimalAt(bytes, line.start + 1)?.mantissa)] ?? "other";
        break;
      case 0x60_01_00: // 96.1.0
      case 0x60_01_01: // 96.1.1
        channel.id ??= idAt(bytes, line.start + 1);
        break;
      case 0x18_02_01: // 24.2.1
      case 0x18_02_03: // 24.2.3
        channel.measured ??= valueWithTime(bytes, line, zone);
        break;
      case 0x18_03_00: // 24.3.0
        channel.measured ??= valueOfList(telegram, line, zone);
        break;
    }
  }
  const found: SubMeterReading[] = [];
  for (let channel = 1; channel <= 8; channel++) {
    const said = channels[channel];
    if (!said?.measured) continue;
    const { value, unit, atMs } = said.measured;
    found.push({ channel, medium: said.medium, id: said.id, value, unit, atMs });
  }
  return found;
}

/** (time)(value*unit). */
function valueWithTime(bytes: Uint8Array, { start, end }: P1Line, zone: P1Zone): Channel["measured"] {
  const quantity = quantityAt(bytes, nextValue(bytes, start + 1, end));
  return quantity && { ...quantity, atMs: p1TimeAt(bytes, start + 1, zone) };
}

/** (time)(..)(..)(..)(code)(unit)(value) of DSMR 2.2 and 3, the value on a line of its own. */
function valueOfList(telegram: P1Telegram, line: P1Line, zone: P1Zone): Channel["measured"] {
  const { bytes } = telegram;
  let at = line.start + 1;
  for (let value = 1; value < 7; value++) at = nextValue(bytes, at, line.end);
  const decimal = at < line.end ? decimalAt(bytes, at) : undefined;
  const unit = valuesOf(telegram, line)[5]?.text;
  return decimal && unit ? { value: floatOf(decimal), unit, atMs: p1TimeAt(bytes, line.start + 1, zone) } : undefined;
}
