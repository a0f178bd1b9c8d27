/** The addresses that take mail, as FLEET_MAILBOXES says: which senders, which template. Pure. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export const Mailbox = Type.Object(
  {
    tenant: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,62}$" })),
    /** Addresses, or `*@domain`. */
    from: Type.Array(Type.String({ minLength: 3 }), { minItems: 1 }),
    template: Type.Object({}),
    /** Whether the sender is sent the result by mail. */
    answer: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type Mailbox = Static<typeof Mailbox>;

const Mailboxes = Type.Record(Type.String(), Mailbox);

/** Null where the variable is set and cannot be read: then no address takes mail. */
function readMailboxes(variable: string | undefined): Record<string, Mailbox> | null {
  if (variable === undefined || variable === "") return {};
  try {
    const table: unknown = JSON.parse(variable);
    return Value.Check(Mailboxes, table) ? table : null;
  } catch {
    return null;
  }
}

/** The mailbox of an address, or null where there is none. */
export function mailboxOf(variable: string | undefined, address: string): Mailbox | null {
  const table = readMailboxes(variable) ?? {};
  const wanted = address.toLowerCase();
  return Object.entries(table).find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
}

/** What the operator is to mend, for a tenant's eyes. `mail`: whether the consumer can send any. */
export function mailboxFaults(
  variable: string | undefined,
  tenant: string,
  mail: boolean,
): string[] {
  const table = readMailboxes(variable);
  if (table === null) {
    // Nobody knows whose it is, so the operator's tenant alone is told.
    return tenant === "default"
      ? [
          "FLEET_MAILBOXES is not JSON of address to {from, template, tenant?, answer?}, so no address takes mail.",
        ]
      : [];
  }
  return Object.entries(table)
    .filter(([, { tenant: whose, answer }]) => answer === true && (whose ?? "default") === tenant)
    .flatMap(([address]) =>
      mail
        ? []
        : [
            `${address} answers its mail, and the consumer has no binding MAIL: docs/ways-in.md shows how.`,
          ],
    );
}

export function mayWrite({ from }: Mailbox, address: string): boolean {
  const sender = address.toLowerCase();
  const domain = sender.slice(sender.lastIndexOf("@"));
  return from.some((entry) => {
    const allowed = entry.toLowerCase();
    return allowed === sender || (allowed.startsWith("*@") && allowed.slice(1) === domain);
  });
}

/** Names for attachments that can be paths of a workspace, each once. */
export function safeNames(names: readonly (string | null)[]): string[] {
  const taken = new Set<string>();
  return names.map((name, n) => {
    const clean = (name ?? "")
      .replace(/[^A-Za-z0-9._-]+/g, "_")
      .replace(/^\.+/, "")
      .slice(-100);
    let free = clean === "" ? `attachment-${n + 1}` : clean;
    if (taken.has(free)) free = `${n + 1}-${free}`;
    taken.add(free);
    return free;
  });
}
