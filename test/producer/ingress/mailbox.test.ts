import { expect, test } from "vitest";
import {
  findMailboxFaults,
  isAllowedSender,
  safeFileNames,
} from "../../../producer/ingress/mailbox.ts";

test.each([
  ["me@acme.example", "ME@acme.example", true],
  ["*@acme.example", "any@acme.example", true],
  ["*@acme.example", "any@sub.acme.example", false],
  ["*", "any@acme.example", false],
])("a mailbox from %s accepts mail of %s: %s", (allowed, sender, isAllowed) => {
  expect(isAllowedSender({ from: [allowed], template: {} }, sender)).toBe(isAllowed);
});

test("attachment names become unique paths", () => {
  expect(safeFileNames(["a.csv", "a.csv", "..", null, "../../etc/passwd", "ü"])).toEqual([
    "a.csv",
    "2-a.csv",
    "attachment-3",
    "attachment-4",
    "_.._etc_passwd",
    "_",
  ]);
});

const replying = JSON.stringify({
  "a@x.example": { from: ["*@x.example"], template: {}, answer: true },
  "b@x.example": { from: ["*@x.example"], template: {}, answer: true, tenant: "acme" },
});

test.each<[string, string | undefined, string, boolean, string[]]>([
  ["an unreadable variable is a fault of the default tenant", "{", "default", true, ["not JSON"]],
  ["an unreadable variable is hidden from other tenants", "{", "acme", true, []],
  ["a tenant sees its own mailbox that cannot reply", replying, "acme", false, ["b@x.example"]],
  ["with the binding MAIL there is no fault", replying, "default", true, []],
  ["without the variable there is no fault", undefined, "default", false, []],
])("%s", (_name, variable, tenant, canSendMail, faults) => {
  expect(findMailboxFaults(variable, tenant, canSendMail)).toEqual(
    faults.map((fault) => expect.stringContaining(fault)),
  );
});
