/** A D1 database that counts the rows that its statements read and write. */

export interface Counted {
  db: D1Database;
  rows: { written: number; read: number; statements: number; trips: number };
}

/** Statements of a counted database remember the real one, which `batch` needs. */
const realStatements = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

export function countedDatabase(real: D1Database): Counted {
  const rows = { written: 0, read: 0, statements: 0, trips: 0 };
  const note = <T>(result: D1Result<T>): D1Result<T> => {
    rows.written += result.meta.rows_written;
    rows.read += result.meta.rows_read;
    rows.statements += 1;
    return result;
  };
  const trip = async <T>(answer: Promise<D1Result<T>>): Promise<D1Result<T>> => {
    rows.trips += 1;
    return note(await answer);
  };
  const countStatement = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => countStatement(statement.bind(...values)),
      run: () => trip(statement.run()),
      all: () => trip(statement.all()),
      first: async () => (await trip(statement.all())).results[0] ?? null,
    } as unknown as D1PreparedStatement;
    realStatements.set(wrapped, statement);
    return wrapped;
  };
  const db = {
    prepare: (sql: string) => countStatement(real.prepare(sql)),
    async batch(statements: D1PreparedStatement[]) {
      rows.trips += 1;
      const answers = await real.batch(
        statements.map((statement) => realStatements.get(statement) ?? statement),
      );
      return answers.map(note);
    },
  } as unknown as D1Database;
  return { db, rows };
}
