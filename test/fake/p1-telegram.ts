/** CRC-16/ARC bit by bit, on purpose unlike the driver's and the simulator's tables. */
export function bitwiseCrc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

/** A made-up DSMR 5 three-phase telegram with gas on channel 1. */
export const dsmr5Lines = [
  "/TST5\\2M4410E-0001",
  "",
  "1-3:0.2.8(50)",
  "0-0:1.0.0(260114191510W)",
  "0-0:96.1.1(54455354303030303030313233)",
  "1-0:1.8.1(001234.567*kWh)",
  "1-0:1.8.2(002345.678*kWh)",
  "1-0:2.8.1(000012.003*kWh)",
  "1-0:2.8.2(000345.999*kWh)",
  "0-0:96.14.0(0002)",
  "1-0:1.7.0(03.215*kW)",
  "1-0:2.7.0(00.000*kW)",
  "1-0:99.97.0(1)(0-0:96.7.19)(251224034510W)(0000000301*s)",
  "0-0:96.13.0()",
  "1-0:32.7.0(229.8*V)",
  "1-0:52.7.0(231.2*V)",
  "1-0:72.7.0(230.5*V)",
  "1-0:31.7.0(011*A)",
  "1-0:51.7.0(002*A)",
  "1-0:71.7.0(001*A)",
  "1-0:21.7.0(02.815*kW)",
  "1-0:41.7.0(00.600*kW)",
  "1-0:61.7.0(00.000*kW)",
  "1-0:22.7.0(00.000*kW)",
  "1-0:42.7.0(00.000*kW)",
  "1-0:62.7.0(00.200*kW)",
  "0-1:24.1.0(003)",
  "0-1:96.1.0(54455354474153303030373839)",
  "0-1:24.2.1(260114191500W)(00456.789*m3)",
];

/** A made-up DSMR 2.2 telegram: no time, no CRC, gas on two lines. */
export const dsmr2Lines = [
  "/TST4\\1MT382-0002",
  "",
  "0-0:96.1.1(5445535432323030303031)",
  "1-0:1.8.1(00100.001*kWh)",
  "1-0:1.8.2(00200.002*kWh)",
  "1-0:2.8.1(00000.000*kWh)",
  "1-0:2.8.2(00000.000*kWh)",
  "0-0:96.14.0(0001)",
  "1-0:1.7.0(0000.51*kW)",
  "1-0:2.7.0(0000.00*kW)",
  "0-1:24.1.0(3)",
  "0-1:96.1.0(3030303030303232)",
  "0-1:24.3.0(110314190000)(00)(60)(1)(0-1:24.2.1)(m3)",
  "(00077.125)",
  "0-1:24.4.0(1)",
];

/** Wire bytes of a telegram: CRLF lines, "!" and the CRC as asked. */
export function telegram(lines: string[], crc: "padded" | "unpadded" | "lower" | "none" = "padded", after = "\r\n"): Buffer {
  const body = Buffer.from(`${lines.join("\r\n")}\r\n!`, "latin1");
  const digits = bitwiseCrc16(body).toString(16).toUpperCase();
  const text = { padded: digits.padStart(4, "0"), unpadded: digits, lower: digits.toLowerCase().padStart(4, "0"), none: "" }[crc];
  return Buffer.concat([body, Buffer.from(text + after, "latin1")]);
}
