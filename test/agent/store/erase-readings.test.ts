import { expect, it } from "vitest";
import { eraseReadings } from "../../../agent/store/erase-readings.ts";
import { openStore } from "../../fake/open-store.ts";

it("erases savings too, which tell what each appliance drew", () => {
  const db = openStore();
  db.exec(`insert into savings_slot values (0, 900000, '300000', '0', 'published', 250, 0, null, 0);
    insert into savings_appliance values ('boiler', 0, 900000, 250, 0, null, 250, 0, 'final')`);
  expect(eraseReadings(db)).toMatchObject({ savings_slot: 1, savings_appliance: 1 });
  expect(db.prepare("select count(*) as n from savings_appliance").get()).toEqual({ n: 0 });
});
