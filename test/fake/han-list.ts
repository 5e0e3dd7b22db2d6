/** A-XDR values as meters build them, and made-up lists of each maker. The encoder of the tests shares nothing with the decoder. */
export const nothing = Buffer.of(0x00);
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.of(0x06, 0, 0, 0, 0);
  bytes.writeUInt32BE(value, 1);
  return bytes;
};
export const u16 = (value: number): Buffer => Buffer.of(0x12, value >> 8, value & 255);
export const i16 = (value: number): Buffer => {
  const bytes = Buffer.of(0x10, 0, 0);
  bytes.writeInt16BE(value, 1);
  return bytes;
};
export const visible = (text: string): Buffer => Buffer.concat([Buffer.of(0x0a, text.length), Buffer.from(text, "latin1")]);
export const octets = (content: string | Uint8Array): Buffer => {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return Buffer.concat([Buffer.of(0x09, bytes.length), bytes]);
};
/** Logical name from "A-B:C.D.E". */
export const obis = (code: string): Buffer => octets(Uint8Array.from([...code.split(/[-:.]/).map(Number), 255]));
export const structure = (...items: Uint8Array[]): Buffer => Buffer.concat([Buffer.of(0x02, items.length), ...items]);
export const array = (...items: Uint8Array[]): Buffer => Buffer.concat([Buffer.of(0x01, items.length), ...items]);

/** The 12 bytes of a date-time; deviation undefined: not specified. */
export function dateTime(iso: string, options: { deviation?: number; status?: number } = {}): Buffer {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = iso.split(/[-T:]/).map(Number);
  const bytes = Buffer.of(0, 0, month, day, 0xff, hour, minute, second, 0xff, 0x80, 0x00, options.status ?? 0);
  bytes.writeUInt16BE(year);
  if (options.deviation !== undefined) bytes.writeInt16BE(options.deviation, 9);
  return bytes;
}

/** A data-notification with no time, with one as the standard has it, or with one that has a tag (Kaifa). */
export function notification(body: Uint8Array, time?: Uint8Array, tagged = false): Buffer {
  const when = time ? Buffer.concat([Buffer.from(tagged ? [0x09, 0x0c] : [0x0c]), time]) : nothing;
  return Buffer.concat([Buffer.of(0x0f, 0x40, 0, 0, 0), when, body]);
}

const units: Record<string, number> = { W: 27, var: 29, Wh: 30, varh: 32, A: 33, V: 35, "": 255 };
export const scalerUnit = (scaler: number, unit: string): Buffer =>
  structure(Buffer.of(0x0f, scaler & 255), Buffer.of(0x16, units[unit] ?? 0));
const described = (code: string, value: Uint8Array, scaler: number, unit: string): Buffer =>
  structure(obis(code), value, scalerUnit(scaler, unit));
const flat = (...pairs: [string, Uint8Array][]): Uint8Array[] => pairs.flatMap(([code, value]) => [obis(code), value]);

/** Aidon, Norway: the list of every 2.5 s, that of every 10 s, and that of each hour. */
export const aidonPower = (importW: number): Buffer => notification(array(described("1-0:1.7.0", u32(importW), 0, "W")));
const aidonMomentary = [
  structure(obis("1-1:0.2.129"), visible("AIDON_V0001")),
  structure(obis("0-0:96.1.0"), visible("7359990000012345")),
  structure(obis("0-0:96.1.7"), visible("6599")),
  described("1-0:1.7.0", u32(1412), 0, "W"),
  described("1-0:2.7.0", u32(0), 0, "W"),
  described("1-0:3.7.0", u32(17), 0, "var"),
  described("1-0:4.7.0", u32(0), 0, "var"),
  described("1-0:31.7.0", i16(37), -1, "A"),
  described("1-0:51.7.0", i16(12), -1, "A"),
  described("1-0:71.7.0", i16(9), -1, "A"),
  described("1-0:32.7.0", u16(2307), -1, "V"),
  described("1-0:52.7.0", u16(2311), -1, "V"),
  described("1-0:72.7.0", u16(2298), -1, "V"),
];
export const aidonList = notification(array(...aidonMomentary));
export const aidonHour = notification(
  array(
    ...aidonMomentary,
    structure(obis("0-0:1.0.0"), octets(dateTime("2025-07-01T14:00:00", { deviation: 0 }))),
    described("1-0:1.8.0", u32(1_234_567), 1, "Wh"),
    described("1-0:2.8.0", u32(4_321), 1, "Wh"),
    described("1-0:3.8.0", u32(5), 1, "varh"),
    described("1-0:4.8.0", u32(6), 1, "varh"),
  ),
);

/** Kaifa, Norway: 1, 13 and 18 values, and 9 and 14 of one phase. */
const kaifaTime = dateTime("2025-07-01T16:00:10");
const kaifaHead = [octets("KFM_001"), octets("6970630000012345"), octets("MA304H4")];
const kaifaPower = [u32(2816), u32(0), u32(0), u32(66)];
const kaifaPhases = [u32(6781), u32(790), u32(6125), u32(2322), u32(2300), u32(2289)];
const kaifaCounters = [octets(kaifaTime), u32(4_786_979), u32(12), u32(26_228), u32(578_528)];
const kaifaNo = (...items: Uint8Array[]): Buffer => notification(structure(...items), kaifaTime, true);
export const kaifa1 = kaifaNo(u32(2816));
export const kaifa9 = kaifaNo(...kaifaHead, ...kaifaPower, u32(6781), u32(2322));
export const kaifa13 = kaifaNo(...kaifaHead, ...kaifaPower, ...kaifaPhases);
export const kaifa14 = kaifaNo(...kaifaHead, ...kaifaPower, u32(6781), u32(2322), ...kaifaCounters);
export const kaifa18 = kaifaNo(...kaifaHead, ...kaifaPower, ...kaifaPhases, ...kaifaCounters);

/** Kaifa, Sweden: names and values. */
export const kaifaSe = notification(
  structure(
    ...flat(
      ["1-0:0.2.129", octets("KFM_001")],
      ["0-0:96.1.0", octets("7340730000012345")],
      ["1-0:1.7.0", u32(2816)],
      ["1-0:2.7.0", u32(100)],
      ["1-0:31.7.0", u32(6781)],
      ["1-0:32.7.0", u32(2322)],
      ["0-0:1.0.0", octets(dateTime("2025-01-15T17:35:30", { deviation: -60 }))],
      ["1-0:1.8.0", u32(4_786_979)],
      ["1-0:2.8.0", u32(31)],
    ),
  ),
);

/** Kaifa and Sagemcom, Austria: time, then names, values and scalers, then the number of the meter. */
export const austria = notification(
  structure(
    octets(dateTime("2025-07-01T09:47:15", { deviation: -120, status: 0x80 })),
    ...(
      [
        ["1-0:1.8.0", u32(12_937), 0, "Wh"],
        ["1-0:2.8.0", u32(7), 0, "Wh"],
        ["1-0:1.7.0", u32(0), 0, "W"],
        ["1-0:2.7.0", u32(1500), 0, "W"],
        ["1-0:32.7.0", u16(2337), -1, "V"],
        ["1-0:31.7.0", u16(651), -2, "A"],
        ["1-0:13.7.0", i16(-999), -3, ""],
      ] as const
    ).flatMap(([code, value, scaler, unit]) => [obis(code), value, scalerUnit(scaler, unit)]),
    octets("181220012345"),
  ),
  dateTime("2025-07-01T09:47:15", { deviation: -120, status: 0x80 }),
);

/** Kamstrup, three phases, hourly. */
export const kamstrupHour = (options: { volts?: number[]; status?: number } = {}): Buffer => {
  const [v1 = 231, v2 = 232, v3 = 233] = options.volts ?? [];
  const time = dateTime("2025-07-01T16:00:45", { status: options.status ?? 0 });
  return notification(
    structure(
      visible("Kamstrup_V0001"),
      ...flat(
        ["1-1:0.0.5", visible("5706560000012345")],
        ["1-1:96.1.1", visible("6841121BN000000000")],
        ["1-1:1.7.0", u32(826)],
        ["1-1:2.7.0", u32(0)],
        ["1-1:31.7.0", u32(237)],
        ["1-1:51.7.0", u32(89)],
        ["1-1:71.7.0", u32(75)],
        ["1-1:32.7.0", u16(v1)],
        ["1-1:52.7.0", u16(v2)],
        ["1-1:72.7.0", u16(v3)],
        ["0-1:1.0.0", octets(time)],
        ["1-1:1.8.0", u32(774_525)],
        ["1-1:2.8.0", u32(21)],
        ["1-1:3.8.0", u32(3)],
      ),
    ),
    time,
  );
};
/** Kamstrup, one phase: nulls stand for the others. */
export const kamstrupOnePhase = notification(
  structure(
    visible("Kamstrup_V0001"),
    ...flat(
      ["1-1:0.0.5", visible("5706560000012345")],
      ["1-1:1.7.0", u32(1896)],
      ["1-1:2.7.0", u32(0)],
      ["1-1:31.7.0", u32(896)],
    ),
    nothing,
    nothing,
    nothing,
    nothing,
    ...flat(["1-1:32.7.0", u16(225)]),
    nothing,
    nothing,
  ),
  dateTime("2000-01-01T22:33:00", { status: 1 }),
);

/** Iskraemeco, Slovenia: the lists of the moment and of the counters. */
const iskraTime = dateTime("2025-07-01T10:00:10", { deviation: -120, status: 0x80 });
const iskraDevice = octets("ISK1030770012345");
const iskraPower = [u32(1393), u32(0), u32(0), u32(738)];
const iskraVolts = [u16(2379), u16(2380), u16(2296)];
const iskraAmperes = [u16(103), u16(125), u16(597)];
export const slovenia18 = notification(
  structure(
    iskraDevice,
    octets("70012345"),
    ...iskraPower,
    ...iskraVolts,
    ...iskraAmperes,
    u32(16),
    u32(51),
    u32(1325),
    u32(0),
    u32(0),
    u32(1),
  ),
  iskraTime,
);
export const slovenia12 = notification(
  structure(
    iskraDevice,
    octets(""),
    Buffer.of(0x03, 0x01),
    octets(Uint8Array.of(0, 2)),
    ...[3810, 10, 3800, 70, 30, 40, 4531, 0].map(u32),
  ),
  iskraTime,
);
export const slovenia12Moment = notification(
  structure(iskraDevice, octets("70012345"), ...iskraVolts, ...iskraAmperes, ...iskraPower),
  iskraTime,
);
export const slovenia10 = notification(
  structure(iskraDevice, octets("70012345"), ...iskraPower, u16(2379), u16(103), u32(1393), u32(0)),
  iskraTime,
);
export const slovenia10Counters = notification(
  structure(iskraDevice, octets("70012346"), ...[500, 700, 20, 30, 1, 2, 3, 4].map(u32)),
  iskraTime,
);
export const slovenia9 = notification(
  structure(iskraDevice, octets("70012345"), ...iskraPower, u16(2379), u32(20), u32(30)),
  iskraTime,
);
export const slovenia8 = notification(structure(iskraDevice, octets("70012345"), u16(2379), u16(103), ...iskraPower), iskraTime);

/** Iskraemeco, Croatia, 33 and 28 values. */
const croatianHead = [octets("90012345"), octets(Uint8Array.of(23, 55, 40, 0)), octets(Uint8Array.of(7, 0xe9, 7, 1, 2))];
const croatianTail = [u32(17_250), array(u16(9400)), array(u16(9400)), array(u16(9400)), Buffer.of(0x03, 1)];
const croatianCounters = [7_088_218, 4_945_434, 2_142_784, 5_794_986, 5_743_970, 51_016].map(u32);
const croatianPhases = [...[189, 65, 0, 0, 0, 0].map(u32), u16(2388), u16(2357), u16(2377), u16(55), u16(89), u16(77)];
export const croatia33 = notification(
  structure(
    ...croatianHead,
    ...croatianCounters,
    ...[1, 2, 3, 4].map(u32),
    u32(382),
    u32(0),
    u16(889),
    ...croatianPhases,
    ...croatianTail,
  ),
  dateTime("2025-01-15T23:55:40", { deviation: -60 }),
);
export const croatia28 = notification(
  structure(...croatianHead, ...croatianCounters, u32(382), u32(0), ...croatianPhases, ...croatianTail),
  dateTime("2025-01-15T23:55:40", { deviation: -60 }),
);

/** Iskraemeco, Austria. */
export const iskraAustria = notification(
  structure(
    obis("0-6:25.9.0"),
    octets("1234500000678"),
    octets(Uint8Array.of(14, 55, 33, 0)),
    octets(Uint8Array.of(7, 0xe9, 3, 7, 7)),
    ...[2_874_540, 1_690, 843, 12, 350, 0].map(u32),
    u16(1),
    u16(2),
  ),
  dateTime("2025-03-07T14:55:33", { deviation: -60 }),
);

/** Landis+Gyr, Austria: a list that describes itself first. */
const description = (code: string, attribute = 2): Buffer =>
  structure(u16(code.startsWith("0-8") ? 40 : 3), obis(code), Buffer.of(0x0f, attribute), u16(0));
export const landisGyrDescribed = notification(
  structure(
    array(
      description("0-8:25.9.0"),
      description("0-8:25.9.0", 1),
      description("0-0:96.1.0"),
      description("1-0:1.7.0"),
      description("1-0:2.7.0"),
      description("1-1:1.8.0"),
      description("1-1:2.8.0"),
      description("1-0:32.7.0"),
      description("1-0:31.7.0"),
    ),
    obis("0-8:25.9.0"),
    octets("43012345"),
    ...[110, 0, 16_000, 4].map(u32),
    u16(2361),
    u16(46),
  ),
  dateTime("2025-01-15T12:26:10"),
);
/** Landis+Gyr without names, 11 and 14 values. */
const landisGyrValues = [u16(236), u16(235), u16(234), u16(0), u16(46), u16(26), u32(125), u32(0), u32(27_881_149), u32(7_619)];
export const landisGyr11 = notification(structure(...landisGyrValues, octets("30012345")), dateTime("2025-01-15T01:35:45"));
export const landisGyr14 = notification(
  structure(...landisGyrValues, u16(400), u16(3), u16(288), octets("30012345")),
  dateTime("2025-01-15T01:35:45"),
);
