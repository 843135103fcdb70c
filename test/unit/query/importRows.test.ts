/** Rows of JSON lines and CSV as operations: parsers, cells, and what is said of bad rows. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, text, utf8 } from '../../../engine/base/bytes.ts';
import type { BadRow, ImportSource } from '../../../engine/model/import.ts';
import { csvBytes, csvField } from '../../../engine/model/rowText.ts';
import { ByteInput } from '../../../engine/query/import/byteInput.ts';
import { bytesOf, CellFault } from '../../../engine/query/import/cells.ts';
import { CsvReader } from '../../../engine/query/import/csvReader.ts';
import { jsonMember, jsonMembers } from '../../../engine/query/import/jsonMembers.ts';
import { RowReader } from '../../../engine/query/import/rowReader.ts';
import { inputOf, sniff } from '../../../engine/query/import/sniff.ts';
import { random } from '../../support/random.ts';

/** An input that hands out `step` bytes at a time. */
function slow(bytes: Uint8Array, step: number): ByteInput {
  let at = 0;
  return new ByteInput((into) => {
    const part = bytes.subarray(at, at + Math.min(step, into.length));
    into.set(part);
    at += part.length;
    return part.length;
  });
}

function records(csv: string, delimiter = ',', step = 1 << 20): { line: number; fields: (string | undefined)[] }[] {
  const reader = new CsvReader(slow(utf8(csv), step), delimiter);
  const found = [];
  while (reader.next()) {
    found.push({ line: reader.line, fields: Array.from({ length: reader.count }, (_, i) => reader.field(i)) });
  }
  return found;
}

const fieldsOf = (csv: string, delimiter?: string) => records(csv, delimiter).map((r) => r.fields);

interface Read {
  ops: string[];
  bad: BadRow[];
}

const FAMILIES = new Map([
  ['default', 0],
  ['meta', 2],
]);

/** `put family key=value` for each row that is none of the bad ones. */
function read(content: string | Uint8Array, source: Partial<ImportSource>): Read {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  const rows = new RowReader(inputOf(bytes), { file: 'rows', format: 'jsonl', ...source }, FAMILIES);
  const found: Read = { ops: [], bad: [] };
  while (rows.next()) {
    if (rows.bad !== undefined) found.bad.push(rows.bad);
    if (rows.op === undefined) continue;
    const { kind, family, key, value } = rows.op;
    found.ops.push(`${kind} ${family} ${text(key)}${kind === 'put' ? `=${text(value)}` : ''}`);
  }
  return found;
}

describe('CSV', () => {
  it('has fields between delimiters, and quotes as RFC 4180 has them', () => {
    assert.deepEqual(fieldsOf('a,b,c\r\n1,"2,""x""",3\n'), [
      ['a', 'b', 'c'],
      ['1', '2,"x"', '3'],
    ]);
    assert.deepEqual(fieldsOf('a,,\n,,c'), [
      ['a', '', ''],
      ['', '', 'c'],
    ]);
    assert.deepEqual(
      fieldsOf('""\n\n\r\nx'),
      [[''], ['x']],
      'a blank line is no record, an empty field in quotes is one',
    );
    assert.deepEqual(fieldsOf('a;b,c\n', ';'), [['a', 'b,c']]);
    assert.deepEqual(fieldsOf('5" nail,x'), [['5" nail', 'x']], 'a quote inside a field is text');
    assert.deepEqual(fieldsOf('a\rb,c\r'), [['a\rb', 'c']], 'a carriage return alone is text, unless it ends the file');
    assert.deepEqual(fieldsOf('\ufeffa,b'), [['a', 'b']]);
    assert.deepEqual(fieldsOf(''), []);
  });

  it('counts lines through quoted line ends', () => {
    assert.deepEqual(
      records('h\n"a\nb\r\nc"\n\nd').map((r) => r.line),
      [1, 2, 6],
    );
  });

  it('reads the same however the bytes arrive', () => {
    const csv = '\ufeffk,v\r\n"ä""\r\n,",ö\r\n\r\n1,2\n"",';
    const whole = records(csv);
    for (const step of [3, 4, 5, 7]) assert.deepEqual(records(csv, ',', step), whole, `${step} bytes at a time`);
  });

  it('says where a quote is not closed, and which field has text behind one', () => {
    assert.throws(() => records('a,b\n1,2\n3,"4\n5,6\n'), { code: 'INPUT', message: /^line 3: .*never closed/ });
    const reader = new CsvReader(inputOf(utf8('x,"y"z\nnext')));
    assert.ok(reader.next());
    assert.deepEqual(reader.fault, { field: 1, message: 'there is text after the closing quote' });
    assert.ok(reader.next());
    assert.equal(reader.fault, undefined);
    assert.equal(reader.field(0), 'next');
  });

  it('refuses UTF-16', () => {
    assert.throws(() => inputOf(Uint8Array.of(0xff, 0xfe, 0x61, 0)), { code: 'INPUT', message: /UTF-16/ });
  });

  it('brings back any bytes that were printed into it', () => {
    const next = random(7);
    const some = [
      '',
      '0x',
      '0xAB',
      '0xab',
      '0X41',
      '0xZZ',
      '\\x30',
      'a\\',
      '"',
      ',',
      '\n',
      '\r\n',
      'é',
      '\u0085',
      '\u202e',
      '😀',
    ];
    const all = some.map(utf8);
    for (let n = 0; n < 2000; n++) {
      const length = Math.floor(next() * 6);
      all.push(Uint8Array.from({ length }, () => (next() < 0.5 ? 0x30 + next() * 80 : next() * 256)));
    }
    for (const bytes of all) {
      const [[field] = []] = fieldsOf(`${csvField(csvBytes(bytes))},\n`);
      assert.equal(hex(bytesOf(field as string, 'escaped')), hex(bytes), `${hex(bytes)} as ${field}`);
    }
  });
});

describe('cells', () => {
  it('stand for bytes in several ways', () => {
    const digits = (cell: string, as: Parameters<typeof bytesOf>[1]): string => hex(bytesOf(cell, as));
    assert.equal(digits('é', 'text'), 'c3a9');
    assert.equal(digits('0xCAfe', 'hex'), 'cafe');
    assert.equal(digits('cafe', 'hex'), 'cafe');
    assert.equal(digits('', 'hex'), '');
    assert.equal(digits('yv4=', 'base64'), 'cafe');
    assert.equal(digits('yv4', 'base64'), 'cafe');
    assert.equal(digits('-_8=', 'base64'), 'fbff');
    assert.equal(digits('u32be(42)', 'typed'), '0000002a');
    assert.equal(digits('"a" + u8(1)', 'typed'), '6101');
    assert.equal(digits('{"a":1}', 'json'), hex(utf8('{"a":1}')));
    for (const [cell, as] of [
      ['caf', 'hex'],
      ['xx', 'hex'],
      ['a', 'base64'],
      ['====', 'base64'],
      ['u8(300)', 'typed'],
      ['{', 'json'],
      ['\\q', 'escaped'],
      ['\\', 'escaped'],
    ] as const) {
      assert.throws(() => bytesOf(cell, as), CellFault, `${cell} as ${as}`);
    }
  });

  it('of JSON are taken as they are written', () => {
    const line = ' {"a" : 12345678901234567890, "b":{"c":[1,{"d":"}\\""}]} ,"e":"x","a":1.50, "é\\n":null}';
    assert.deepEqual(jsonMembers(line), [
      ['a', '12345678901234567890'],
      ['b', '{"c":[1,{"d":"}\\""}]}'],
      ['e', '"x"'],
      ['a', '1.50'],
      ['é\n', 'null'],
    ]);
    assert.equal(jsonMember(line, 'a'), '1.50', 'the last one, as JSON.parse has it');
    assert.deepEqual(jsonMembers('[1]'), []);
    assert.deepEqual(jsonMembers('{}'), []);
  });
});

describe('rows', () => {
  it('of an export are what they say', () => {
    const { ops, bad } = read(
      [
        '{"family":"default","key":{"hex":"61","text":"a"},"value":{"hex":"31","text":"1"},"seq":1,"type":"put","level":0,"table":3}',
        '{"family":"meta","key":{"hex":"62"},"value":{"hex":""},"seq":2,"type":"blob"}',
        '',
        '{"key":"c","seq":3,"type":"delete"}',
        '{"key":"d","seq":4,"type":"put","value":"2"}',
        '{"key":"d","seq":2,"type":"put","value":"1"}',
        '{"key":"e","type":"entity","columns":[]}',
        '{"key":"f","type":"merge","operands":[{"hex":"01"}]}',
        '{"key":"g","type":"range-delete","until":{"hex":"68"}}',
        '{"family":"other","key":"h","value":"1"}',
        '{"key":"i"}',
        '{"key":{"hex":"6"},"value":""}',
        '["j"]',
        '{"key":',
        '{"key":"k","value":"1","type":"move"}',
      ].join('\n'),
      {},
    );
    assert.deepEqual(ops, ['put 0 a=1', 'put 2 b=', 'delete 0 c', 'put 0 d=2']);
    assert.deepEqual(
      bad.map(({ row, line, column }) => [row, line, column]),
      [
        [5, 6, undefined],
        [6, 7, 'columns'],
        [7, 8, 'operands'],
        [8, 9, 'until'],
        [9, 10, 'family'],
        [10, 11, 'value'],
        [11, 12, 'key'],
        [12, 13, undefined],
        [13, 14, undefined],
        [14, 15, 'type'],
      ],
    );
    assert.match(bad[0]?.message ?? '', /older version/);
    assert.match(bad[0]?.mend ?? '', /--all-versions/);
    assert.match(bad[7]?.mend ?? '', /one object a line/);
    assert.match(bad[8]?.message ?? '', /not JSON/);
  });

  it('of any JSON have a key, and a value or the whole row', () => {
    const rows = '{"id":7,"at":{"city":"Köln","n":1e3},"blob":"yv4=","big":12345678901234567890,"none":null}';
    const one = (source: Partial<ImportSource>): string | undefined => {
      const { ops, bad } = read(rows, source);
      return ops[0] ?? bad[0]?.message;
    };
    assert.equal(one({ key: 'id' }), `put 0 7=${rows}`);
    assert.equal(one({ key: 'at.city', value: 'at' }), 'put 0 Köln={"city":"Köln","n":1e3}');
    assert.equal(one({ key: 'at.city:json', value: 'big' }), 'put 0 "Köln"=12345678901234567890');
    assert.equal(one({ key: 'id', value: 'at.n' }), 'put 0 7=1e3');
    assert.equal(one({ key: '"u" + u8({id}) + {at.city}', value: 'id' }), 'put 0 u\u0007Köln=7');
    assert.equal(one({ key: 'id', value: 'none' }), 'it is null');
    assert.equal(one({ key: 'id', value: 'absent' }), 'it is not there');
    assert.equal(one({ key: 'id', value: 'none', nullDeletes: true }), 'delete 0 7');
    assert.equal(one({ key: 'id', value: 'absent', nullDeletes: true }), 'delete 0 7');
    assert.equal(one({ key: 'id', value: 'id', family: 2 }), 'put 2 7=7');
    assert.equal(one({ key: 'u8({at.city})', value: 'id' })?.includes('u8 takes a whole number'), true);
  });

  it('of CSV name the column of what is wrong', () => {
    const csv = 'id,hex:v,op\n1,cafe,put\n2,x,\n3,00\n4,,delete\n5,61,DELETE\n6,61,??\n';
    const { ops, bad } = read(csv, { format: 'csv', key: 'id', value: 'hex:v:hex', type: 'op' });
    assert.deepEqual(ops, ['put 0 1=\ufffd\ufffd', 'delete 0 4', 'delete 0 5']);
    assert.deepEqual(
      bad.map(({ row, line, column, message }) => [row, line, column, message]),
      [
        [2, 3, 'hex:v', '"x" is not a row of two-digit hex bytes'],
        [3, 4, undefined, 'it has 2 fields, and there are 3 columns'],
        [6, 7, 'op', '"??" is neither put nor delete'],
      ],
    );
    assert.throws(() => read(csv, { format: 'csv', key: 'no' }), { code: 'INPUT', message: /"no"/ });
    assert.throws(() => read('a,a\n', { format: 'csv', key: 'a' }), { code: 'INPUT', message: /"a" twice/ });
    assert.deepEqual(read('1,x\n2,y', { format: 'csv', header: false, key: '1', value: '2' }).ops, [
      'put 0 1=x',
      'put 0 2=y',
    ]);
    assert.deepEqual(read('a;b\n1;x', { format: 'csv', delimiter: ';', key: 'a' }).ops, ['put 0 1={"a":"1","b":"x"}']);
    assert.deepEqual(
      read(Uint8Array.of(0x6b, 0x0a, 0xff, 0x0a), { format: 'csv', key: 'k' }).bad[0]?.message,
      'it is not UTF-8',
    );
  });

  it('of a scan that prints what has no single value are bad', () => {
    const csv =
      'key,value,seq,type,level,table\na,"(merge 1 + 2)",5,merge,0,1\nb,12,4,merge,0,1\nc,,3,delete,0,1\nd,0x00FF,2,put,0,1\n';
    const { ops, bad } = read(csv, { format: 'csv' });
    assert.deepEqual(ops, ['put 0 b=12', 'delete 0 c', 'put 0 d=\0\ufffd']);
    assert.equal(bad.length, 1);
    assert.equal(bad[0]?.column, 'type');
  });

  it('survive whatever a file holds', () => {
    const next = random(11);
    const alphabet = ['"', ',', '\n', '\r', '{', '}', ':', 'a', '\\', '[', '0', 'x', 'key', '"key"', '\u0000', 'ä'];
    for (let n = 0; n < 3000; n++) {
      const content = Array.from(
        { length: 1 + next() * 30 },
        () => alphabet[Math.floor(next() * alphabet.length)],
      ).join('');
      for (const format of ['csv', 'jsonl'] as const) {
        try {
          read(content, { format, ...(next() < 0.5 ? { key: 'a' } : {}) });
        } catch (thrown) {
          assert.equal((thrown as { code?: string }).code, 'INPUT', `${JSON.stringify(content)}: ${thrown}`);
        }
      }
    }
  });
});

describe('what a file looks like', () => {
  const look = (file: string, content: string, known = {}) => sniff({ file, ...known }, utf8(content), true);

  it('is told from its name and its first rows', () => {
    const csv = look('a.csv', 'id;name\n1;x,y\n2;z\n');
    assert.deepEqual(csv.source, {
      file: 'a.csv',
      format: 'csv',
      delimiter: ';',
      header: true,
      key: 'id',
      value: 'name',
    });
    assert.deepEqual(csv.columns, ['id', 'name']);
    assert.deepEqual(csv.samples, [
      ['1', '2'],
      ['x,y', 'z'],
    ]);
    assert.equal(look('a.tsv', '1\t2\n3\t4').source.header, false);
    const json = look('a.txt', '{"v":1,"key":"k","w":2}\n{"key":"l","more":true}');
    assert.deepEqual(json.source, { file: 'a.txt', format: 'jsonl', key: 'key', value: 'v' });
    assert.deepEqual(json.columns, ['v', 'key', 'w', 'more']);
    assert.equal(look('a', 'x,y,z\n1,2,3').source.value, '*');
    const exported = look('e.csv', 'key,value,seq,type,level,table\n');
    assert.ok(exported.exported);
    assert.equal(exported.source.key, undefined);
  });

  it('is refused where it is nothing to import', () => {
    assert.throws(() => look('a.json', '[\n{"a":1}]'), { code: 'INPUT', message: /one JSON list/ });
    assert.throws(() => look('a.sst', 'a\0b'), { code: 'INPUT', message: /not text/ });
    assert.deepEqual(look('empty.csv', '').columns, []);
  });
});
