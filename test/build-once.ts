import { execFileSync } from "node:child_process";

/** Builds dist/ once before all tests: end-to-end tests run what is shipped. */
export function setup(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: ["ignore", "ignore", "inherit"] });
}
