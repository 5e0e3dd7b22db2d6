/** Speeds by their digit in identifications and acknowledgements of mode C. */
export const iecSpeeds = [300, 600, 1200, 2400, 4800, 9600, 19_200];

/** ACK 0 Z 0, Z being the digit of a speed. */
const ack = "\x06";
const acknowledgement = new RegExp(`${ack}0([0-6])0\r\n$`);

/** What a meter with an optical interface is like. */
export interface IecMeter {
  /** Behind "/", with the character of its speed at the fourth place, such as "SIM5\\2OPT-1". */
  ident: string;
  /** Data lines as they stand in the readout. */
  lines: readonly string[];
  /** Number that a sign-on may address it by. */
  address?: string;
  /** The head gives back the light of its own lamp. */
  echoes?: boolean;
  /** Changes readouts before they are sent, by their number from 0, as a bad line does. */
  hurt?: (readout: Buffer, number: number) => Buffer;
}

/** The meter's side of the line. */
export interface IecLine {
  /** Sends at the meter's own speed. */
  send(bytes: Uint8Array): void;
  /** The meter goes over to another speed. */
  speed(baud: number): void;
  /** Runs the job after a delay. */
  after(ms: number, job: () => void): void;
}

/** STX, lines, "!", ETX and the exclusive or of all from behind STX to ETX. @see IEC 62056-21, 5.4 and 5.5 */
export function encodeReadout(lines: readonly string[]): Buffer {
  const covered = Buffer.from(`${[...lines, "!"].join("\r\n")}\r\n\x03`, "latin1");
  return Buffer.concat([Buffer.of(2), covered, Buffer.of(covered.reduce((check, byte) => check ^ byte, 0) & 127)]);
}

/** What a mode D meter pushes: no STX and no check character. */
export function encodePush(ident: string, lines: readonly string[]): Buffer {
  return Buffer.from(`/${ident}\r\n\r\n${[...lines, "!"].join("\r\n")}\r\n`, "latin1");
}

/**
 * A meter that answers sign-ons: mode C by a digit in its identification, B by a letter A to F, A by anything else.
 * @returns what takes the bytes that come to it
 */
export function iecMeter(meter: IecMeter, line: IecLine): (bytes: Uint8Array) => void {
  const reactionMs = /^..[a-z]/.test(meter.ident) ? 20 : 200;
  const character = meter.ident.charAt(3);
  let heard = "";
  let sent = 0;
  const readout = (): void => {
    const whole = encodeReadout(meter.lines);
    line.send(meter.hurt?.(whole, sent) ?? whole);
    sent++;
  };
  const calls = (address: string): boolean => address === "" || address === meter.address;

  return (bytes) => {
    if (meter.echoes) line.send(bytes);
    heard += Buffer.from(bytes).toString("latin1");
    const signOn = /\/\?([^!]*)!\r\n$/.exec(heard);
    const acknowledged = acknowledgement.exec(heard);
    if (signOn) {
      heard = "";
      if (!calls(signOn[1] ?? "")) return;
      line.speed(300);
      line.after(reactionMs, () => {
        line.send(Buffer.from(`/${meter.ident}\r\n`, "latin1"));
        if (/\d/.test(character)) return;
        const letter = "ABCDEF".indexOf(character);
        if (letter >= 0) line.speed(iecSpeeds[letter + 1] ?? 300);
        line.after(reactionMs, readout);
      });
    } else if (acknowledged) {
      heard = "";
      line.speed(iecSpeeds[Number(acknowledged[1])] ?? 300);
      line.after(reactionMs, readout);
    } else if (heard.endsWith("\x15")) {
      heard = "";
      line.after(reactionMs, readout);
    }
  };
}
