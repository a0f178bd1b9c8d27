/** The addresses that take mail, as FLEET_MAILBOXES says: which senders, which template. Pure. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export const Mailbox = Type.Object(
  {
    tenant: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,62}$" })),
    /** Addresses, or `*@domain`. */
    from: Type.Array(Type.String({ minLength: 3 }), { minItems: 1 }),
    template: Type.Object({}),
  },
  { additionalProperties: false },
);
export type Mailbox = Static<typeof Mailbox>;

const Mailboxes = Type.Record(Type.String(), Mailbox);

/** The mailbox of an address; null where there is none, or the variable cannot be read: then none takes mail. */
export function mailboxOf(variable: string | undefined, address: string): Mailbox | null {
  let table: unknown;
  try {
    table = JSON.parse(variable ?? "{}");
  } catch {
    return null;
  }
  if (!Value.Check(Mailboxes, table)) return null;
  const wanted = address.toLowerCase();
  return Object.entries(table).find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
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
