import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { sunspecBattery } from "../../drivers/appliance/sunspec/sunspec-battery.ts";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { batteryOf, batteryPercent, batteryRatedW, stepBattery, tellBattery } from "../../simulator/house/house-battery.ts";
import { house, newHouse } from "../../simulator/house/house.ts";
import { batteryUnit, startModbusHouse } from "../../simulator/modbus/modbus-house.ts";

const startMs = Date.parse("2026-06-10T08:00:00Z");

it("never holds more than it can nor gives what is not there, and loses only what efficiency takes", () => {
  const told = fc.option(fc.integer({ min: -9000, max: 9000 }));
  const spans = fc.array(fc.tuple(told, fc.integer({ min: -8000, max: 8000 }), fc.integer({ min: 1, max: 1800 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(spans, (all) => {
      const battery = batteryOf(2000);
      const before = battery.storedJ;
      let [inJ, outJ, atS] = [0, 0, 0];
      for (const [toldW, besideW, seconds] of all) {
        tellBattery(battery, toldW, atS);
        for (let second = 0; second < seconds; second += 1, atS += 1) {
          const powerW = stepBattery(battery, atS, besideW);
          expect(Math.abs(powerW)).toBeLessThanOrEqual(batteryRatedW);
          if (powerW > 0) inJ += powerW;
          else outJ -= powerW;
        }
        expect(batteryPercent(battery)).toBeGreaterThanOrEqual(-1e-9);
        expect(batteryPercent(battery)).toBeLessThanOrEqual(100 + 1e-9);
      }
      expect(battery.storedJ).toBeCloseTo(before + inJ * 0.95 - outJ / 0.95, 3);
    }),
    { numRuns: 30 },
  );
});

it("is read and told by the driver of such batteries, and goes back to its own way when nobody speaks to it", async () => {
  const built = house(newHouse({ seed: 4, startMs, panelsW: 0, batteryWh: 8000 }));
  let nowS = built.state.atS;
  const modbus = await startModbusHouse({ house: built, port: 0, catchUp: () => void built.runTo(nowS) });
  onTestFinished(() => modbus.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: modbus.port });
  onTestFinished(() => bus.close());
  const device = sunspecBattery({
    name: "battery",
    bus,
    unit: batteryUnit,
    maxChargeW: 3000,
    maxDischargeW: 3000,
    gridCharging: true,
  });
  const later = (seconds: number) => {
    nowS += seconds;
    built.runTo(nowS);
    return built.power();
  };
  expect(await device.stateOfCharge?.()).toBe(50);
  // By itself it evens out the house.
  expect(later(10).net).toBe(0);
  await device.set({ mode: "discharge", powerW: -2000 });
  expect(await device.read()).toEqual({ mode: "discharge", powerW: -2000 });
  const giving = later(10);
  expect([giving.battery, giving.net]).toEqual([-2000, giving.base - 2000]);
  await device.set({ mode: "charge", powerW: 2500 });
  expect(later(10).battery).toBe(2500);
  await device.set({ mode: "auto", powerW: 0 });
  expect(later(10).net).toBe(0);
  await device.arm?.({ mode: "auto", powerW: 0 }, 60);
  await device.set({ mode: "charge", powerW: 2500 });
  expect(later(50).battery).toBe(2500);
  expect(later(20).net).toBe(0);
  expect(await device.read()).toEqual({ mode: "auto", powerW: 0 });
});
