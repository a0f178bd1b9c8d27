/** One replacement in the program's text. Replacements never add or remove a line. */
export interface Edit {
  start: number;
  end: number;
  text: string;
  /** Of insertions at one place, the lower come first. */
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

  /** Line breaks inside what is replaced stay, so that later lines keep their numbers. */
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

/** What a program is to run in. V8 has the language's newest parts and stacks of its own. */
export type Target = "quickjs" | "v8";
