/** One replacement in the program's text. Replacements never add or remove a line. */
export interface Edit {
  start: number;
  end: number;
  text: string;
  /** Of several insertions at one place, the lowest rank comes first. */
  rank?: number;
}

/** Collects replacements. */
export class Edits {
  readonly list: Edit[] = [];
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  insert(position: number, text: string, rank = 2): void {
    this.list.push({ start: position, end: position, text, rank });
  }

  /** Line breaks inside the replaced text are kept, so that later lines keep their numbers. */
  replace(start: number, end: number, text: string): void {
    this.list.push({ start, end, text: text + this.text.slice(start, end).replace(/[^\n]/g, "") });
  }

  inOrder(): Edit[] {
    return this.list
      .map((edit, index) => ({ edit, index }))
      .sort(
        (a, b) =>
          a.edit.start - b.edit.start ||
          a.edit.end - b.edit.end ||
          (a.edit.rank ?? 2) - (b.edit.rank ?? 2) ||
          a.index - b.index,
      )
      .map(({ edit }) => edit);
  }
}

/** Which engine the program will run in. V8 supports newer syntax and has its own stacks. */
export type Target = "quickjs" | "v8";
