/** The addresses that accept mail, from FLEET_MAILBOXES: which senders, which template. Pure. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { err, ok, type Result } from "../../shared/result.ts";
import { parseJson } from "../../shared/text/json.ts";

export const Mailbox = Type.Object(
  {
    tenant: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,62}$" })),
    /** Addresses, or `*@domain`. */
    from: Type.Array(Type.String({ minLength: 3 }), { minItems: 1 }),
    template: Type.Object({}),
    /** Whether the sender gets the result by mail. */
    answer: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type Mailbox = Static<typeof Mailbox>;

const Mailboxes = Type.Record(Type.String(), Mailbox);

/** Invalid where the variable is set and cannot be read: then no address accepts mail. */
function readMailboxes(variable: string | undefined): Result<Record<string, Mailbox>, string> {
  const table = variable === undefined || variable === "" ? {} : parseJson(variable);
  if (Value.Check(Mailboxes, table)) return ok(table);
  return err(
    "FLEET_MAILBOXES is not JSON of address to {from, template, tenant?, answer?}, so no address accepts mail.",
  );
}

/** The mailbox of an address, or null where there is none. */
export function findMailbox(variable: string | undefined, address: string): Mailbox | null {
  const mailboxes = readMailboxes(variable);
  if (!mailboxes.ok) return null;
  const lowerCased = address.toLowerCase();
  const mailbox = Object.entries(mailboxes.value).find(
    ([name]) => name.toLowerCase() === lowerCased,
  );
  return mailbox?.[1] ?? null;
}

/** What the operator must fix, for a tenant's eyes. `canSendMail`: whether the consumer has the binding. */
export function findMailboxFaults(
  variable: string | undefined,
  tenant: string,
  canSendMail: boolean,
): string[] {
  const mailboxes = readMailboxes(variable);
  // An unreadable variable belongs to no tenant, so only the operator's tenant sees the fault.
  if (!mailboxes.ok) return tenant === "default" ? [mailboxes.error] : [];
  if (canSendMail) return [];
  return Object.entries(mailboxes.value)
    .filter(([, mailbox]) => mailbox.answer === true && (mailbox.tenant ?? "default") === tenant)
    .map(
      ([address]) =>
        `${address} replies to mail, but the consumer has no binding MAIL: docs/ingress.md shows how to add it.`,
    );
}

export function isAllowedSender({ from }: Mailbox, address: string): boolean {
  const sender = address.toLowerCase();
  const domain = sender.slice(sender.lastIndexOf("@"));
  return from.some((entry) => {
    const allowedSender = entry.toLowerCase();
    return (
      allowedSender === sender ||
      (allowedSender.startsWith("*@") && allowedSender.slice(1) === domain)
    );
  });
}

/** Unique attachment names that are valid as paths of a workspace. */
export function safeFileNames(names: readonly (string | null)[]): string[] {
  const usedAddresses = new Set<string>();
  return names.map((name, index) => {
    const clean = (name ?? "")
      .slice(-1_000)
      .replace(/[^A-Za-z0-9._-]+/g, "_")
      .replace(/^\.+/, "")
      .slice(-100);
    let safe = clean === "" ? `attachment-${index + 1}` : clean;
    if (usedAddresses.has(safe)) safe = `${index + 1}-${safe}`;
    usedAddresses.add(safe);
    return safe;
  });
}
