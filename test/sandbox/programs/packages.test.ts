/** Each package works, costs what docs/sandboxes.md says, and costs nothing to a program that does not use it. */
import { expect, test } from "vitest";
import { packageNames } from "../../../consumer/sandbox/packages.ts";
import page from "../../../docs/sandboxes.md?raw";
import { run } from "../running.ts";
import { packageUses } from "./package_uses.ts";

/** How far a figure of the table, which is rounded, may be from the measured one. */
const share = 0.25;
const rounding = 0.1;

test("there is one use of each package", () => {
  expect(Object.keys(packageUses)).toEqual([...packageNames]);
});

test.each(Object.entries(packageUses))("%s works, for the fuel of the table", async (name, use) => {
  const [code, value] = use;
  const outcome = await run(code);
  expect(outcome.error).toBeNull();
  expect(outcome.value).toBe(value);
  const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\``)) ?? "";
  const millions = Number(/\| ([\d.]+) M \|/.exec(row)?.[1]);
  const difference = Math.abs(outcome.usage.fuel / 1e6 - millions);
  expect(difference).toBeLessThanOrEqual(millions * share + rounding);
});

test("a program that uses no package pays nothing for them", async () => {
  const plain = await run("1");
  await run("require('lodash'); require('zod'); 1");
  const after = await run("1");
  expect(after.usage.fuel).toBe(plain.usage.fuel);
  expect(plain.usage.fuel).toBeLessThan(10_000);
});
