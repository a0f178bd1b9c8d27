/** A table in a scrolling area. */
import type { ComponentChildren } from "preact";
import { ScrollArea } from "./layout.tsx";

/** A name, with the class of its header cell and a longer description as its title. */
type Column = string | readonly [name: string, kind: "wide" | "number", title?: string];

interface TableProps {
  label: string;
  columns: readonly Column[];
  /** Without the highlight of the row under the pointer. */
  plain?: boolean;
  /** The rows. */
  children: ComponentChildren;
}

export function Table({ label, columns, plain = false, children }: TableProps) {
  return (
    <ScrollArea label={label}>
      <table {...(plain ? {} : { class: "rows" })}>
        <thead>
          <tr>
            {columns.map((column) => {
              const [name, kind, title] = typeof column === "string" ? [column] : column;
              return (
                <th key={name} {...(kind && { class: kind })} {...(title && { title })}>
                  {name}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </ScrollArea>
  );
}
