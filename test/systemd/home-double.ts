import { encodeP1 } from "../../simulator/meter/p1-encoder.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { startModbusTcpServer } from "../../simulator/modbus/modbus-tcp-server.ts";

/**
 * Stands for the house around the gateway: a P1 port with a telegram each second and relay boards on Modbus TCP. A process of
 * its own, because it must be in the gateway's network and outlive it. Says {kind: "open", p1, boards} first, then one line
 * for each write that a board was sent, with the instant on CLOCK_MONOTONIC in ns, which all processes share.
 * Its argument is how many boards there are; their unit ids begin at 10. Ends with its standard input.
 */

const coilsABoard = 8;
const boards = Number(process.argv[2] ?? 1);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const unit = (id: number) => {
  const contacts: boolean[] = Array.from({ length: coilsABoard }, () => false);
  return {
    readCoils: (address: number, count: number) => contacts.slice(address, address + count),
    writeCoil: (address: number, on: boolean) => {
      const atNs = process.hrtime.bigint();
      contacts[address] = on;
      say({ kind: "write", unit: id, coil: address, on, atNs: String(atNs) });
    },
  };
};

const p1 = await startP1Server(0);
const modbus = await startModbusTcpServer(
  0,
  new Map(Array.from({ length: boards }, (_, index) => [10 + index, unit(10 + index)] as const)),
);
let wh = 1_000_000;
setInterval(() => {
  wh += 1;
  p1.send(
    encodeP1({
      ident: "SYS5\\2SYSTEMD-0001",
      meterId: "E0000000000000001",
      gasId: "G0000000000000001",
      atS: Math.floor(Date.now() / 1000),
      offsetS: 3600,
      tariff: 1,
      importWh: [wh, 2_000_000],
      exportWh: [0, 0],
      powerW: 600,
      phases: [1, 2, 3].map(() => ({ voltageV: 230, powerW: 200 })),
      gasDm3: 1000,
    }),
  );
}, 1000);
process.stdin.resume().on("end", () => process.exit(0));
say({ kind: "open", p1: p1.port, modbus: modbus.port });
