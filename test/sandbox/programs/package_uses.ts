/** One small use of each package, and its value. What it costs is in the table of docs/sandboxes.md. */
export const packageUses: Record<string, [code: string, value: string]> = {
  cheerio: ["require('cheerio').load('<p>a</p>')('p').text()", "a"],
  "csv-parse/sync": ["require('csv-parse/sync').parse('a,b\\n1,2')[1][1]", "2"],
  "date-fns": ["require('date-fns').format(new Date(0), 'yyyy')", "1970"],
  dayjs: ["require('dayjs')('2024-01-31').add(1, 'month').format('YYYY-MM-DD')", "2024-02-29"],
  "fast-xml-parser": ["new (require('fast-xml-parser').XMLParser)().parse('<a>1</a>').a", "1"],
  "fastest-levenshtein": ["require('fastest-levenshtein').distance('kitten', 'sitting')", "3"],
  fflate: [
    "const f = require('fflate'); f.strFromU8(f.gunzipSync(f.gzipSync(f.strToU8('x'))))",
    "x",
  ],
  handlebars: ["require('handlebars').compile('{{a}}')({ a: 1 })", "1"],
  jszip: [
    "(await new (require('jszip'))().file('a', 'b').generateAsync({ type: 'string' })).slice(0, 2)",
    "PK",
  ],
  lodash: ["require('lodash').chunk([1, 2, 3], 2).length", "2"],
  luxon: ["require('luxon').DateTime.fromISO('2024-01-01', { zone: 'utc' }).year", "2024"],
  marked: ["require('marked').parse('*a*').trim()", "<p><em>a</em></p>"],
  moment: ["require('moment').utc(0).year()", "1970"],
  papaparse: ["require('papaparse').parse('a,b').data[0][1]", "b"],
  "simple-statistics": ["require('simple-statistics').mean([1, 3])", "2"],
  uuid: ["require('uuid').v4().length", "36"],
  xlsx: [
    "const x = require('xlsx'), b = x.utils.book_new(); x.utils.book_append_sheet(b, x.utils.aoa_to_sheet([[1, 2]]), 's'); x.read(x.write(b, { type: 'buffer', bookType: 'xlsx' })).Sheets.s.B1.v",
    "2",
  ],
  yaml: ["require('yaml').parse('a: 1').a", "1"],
  zod: ["require('zod').z.string().parse('a')", "a"],
};
