import { AppError } from "../../core/app-error.ts";
import type { Heard, LikelyCause, ProbePlace } from "./probe-result.ts";

/** Fewer bytes are noise of an open contact. */
const fewBytes = 16;
/** An inverted line makes about every second byte one of these. */
const invertedShare = 0.3;

/** A place as the command line has it. */
export function placeName(place: ProbePlace): string {
  return place.kind === "serial" ? place.path : `${place.host}:${place.port}`;
}

/** Why no meter was found on a line that could be opened. @param heard what came under each setting that was tried */
export function likelyCause(heard: readonly Heard[], place: ProbePlace): LikelyCause {
  const loud = heard.filter(({ bytes }) => bytes >= fewBytes);
  const codes = new Set(heard.flatMap((one) => one.codes));
  if (loud.length === 0)
    return {
      code: "probe-no-bytes",
      message: `${heard.every(({ bytes }) => bytes === 0) ? "not one byte" : "next to nothing"} came, and nobody answered a sign-on. P1: the request line (RJ12 pin 2) needs 5 V, and some cables take it from the adapter. HAN and P1: the grid operator may have to switch the port on. Optical head: it must sit straight on the meter. Modbus: it speaks only when asked, try --modbus. Else: the wrong cable or the wrong port`,
    };
  if (codes.has("p1-parity-bits"))
    return {
      code: "p1-parity-bits",
      message: `the meter sends 7 bits with even parity and is read with 8; set the other end of ${placeName(place)} to 7E1`,
    };
  if ([...codes].some((code) => /-(?:bad-crc|bad-fcs|bad-checksum|bad-bcc)$/.test(code)))
    return {
      code: "probe-bad-checksums",
      message:
        "telegrams come and their checksums do not hold: bytes are lost or changed. Shorten the cable, add the pull-up resistor (1 to 10 kOhm) of the data line, try another adapter",
    };
  if (loud.every(({ bytes, highBytes }) => highBytes / bytes >= invertedShare))
    return {
      code: "probe-inverted-signal",
      message:
        "bytes come and look inverted under every setting: a P1 port needs an inverter between its data line and the adapter (an FTDI chip can be set to invert RXD)",
    };
  return {
    code: "probe-garbage",
    message:
      place.kind === "tcp"
        ? "bytes come and mean nothing: the box reads the meter with another speed or parity. Usual are 115200 8N1 and 9600 7E1 (P1), 2400 8E1 (HAN)"
        : "bytes come and mean nothing under any known setting: another protocol (Modbus? try --modbus), a damaged signal, or a meter that is not known yet",
  };
}

/** Why no Modbus unit was found. @param damaged whether answers came that were no good */
export function likelyModbusCause(damaged: boolean): LikelyCause {
  return damaged
    ? {
        code: "probe-damaged-answers",
        message:
          "units answer and their answers are damaged: another speed or parity than those tried, two units with one id, or two masters on the line",
      }
    : {
        code: "probe-no-unit",
        message:
          "no unit answered: A and B swapped, no common ground, another speed or parity than those tried, or the device's Modbus is switched off",
      };
}

/** What a line that cannot be opened says of itself, as a failure that tells what to do. */
export function unreachable(reason: string, place: ProbePlace): AppError {
  const where = placeName(place);
  const failure = (code: string, message: string): AppError => new AppError(code, `${message} (${reason})`, { temporary: true });
  if (/ENOENT|no such file|ENXIO|no such device/i.test(reason))
    return failure(
      "probe-port-missing",
      `${where} is not there; look at /dev/serial/by-id/, and whether the adapter is plugged in`,
    );
  if (/EACCES|EPERM|permission denied/i.test(reason))
    return failure("probe-no-permission", `${where} may not be opened; add your user to the group dialout and log in anew`);
  if (/EBUSY|cannot lock|busy|temporarily unavailable/i.test(reason))
    return failure("probe-port-busy", `${where} is in use by another program; stop it (systemctl stop smart-mla-agent)`);
  if (/ECONNREFUSED/.test(reason))
    return failure(
      "probe-refused",
      `${where} refuses the connection; check the port, and whether the box serves one client only`,
    );
  return failure("probe-unreachable", `${where} cannot be reached; check the address and the cable`);
}
