/** The programs of messy.txt: the first line of each names the file that it reads. */
export interface MessyProgram {
  input: string;
  code: string;
}

export function messyPrograms(text: string): MessyProgram[] {
  return text.split(/^----\n/m).map((program) => {
    const [, input = "", code = ""] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(program) ?? [];
    return { input, code };
  });
}
