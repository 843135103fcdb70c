/** The file system in memory: that it behaves like the real one, and what a crash leaves of it. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { text, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import type { FileSystem } from '../../../engine/fs/fileSystem.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';

const content = (fs: FileSystem, path: string): string => {
  const file = fs.open(path, 'read');
  const into = new Uint8Array(file.size());
  assert.equal(file.readAt(into, 0), into.length);
  file.close();
  return text(into);
};

const write = (fs: FileSystem, path: string, what: string, sync = false): void => {
  const file = fs.open(path, 'create');
  file.append(utf8(what));
  if (sync) file.sync();
  file.close();
};

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof StoreError, String(thrown));
    return thrown.code;
  }
  return 'fine';
};

/** The same story on both; every line is compared. */
function story(fs: FileSystem, root: string): string[] {
  const at = (name: string): string => `${root}/${name}`;
  const out: string[] = [];
  const say = (what: string, value: unknown): void => void out.push(`${what}: ${String(value)}`);
  fs.mkdir(at('a/b'));
  fs.mkdir(at('a/b'));
  write(fs, at('a/x'), 'hello');
  const more = fs.open(at('a/x'), 'append');
  more.append(utf8(' world'));
  say('size', more.size());
  const tail = new Uint8Array(8);
  say('short read', more.readAt(tail, 6));
  say('read behind the end', more.readAt(tail, 100));
  more.sync();
  more.close();
  fs.syncDir(at('a'));
  say('list', fs.list(at('a')));
  say('content', content(fs, at('a/x')));
  fs.link(at('a/x'), at('a/y'));
  say('same file', fs.stat(at('a/x')).inode === fs.stat(at('a/y')).inode);
  say(
    'link onto a file',
    code(() => fs.link(at('a/x'), at('a/y'))),
  );
  fs.rename(at('a/x'), at('a/b/z'));
  say('list', fs.list(at('a')));
  write(fs, at('a/y'), 'new');
  say('links share content', content(fs, at('a/b/z')));
  write(fs, at('a/w'), 'w');
  fs.rename(at('a/w'), at('a/y'));
  say('replaced', content(fs, at('a/y')));
  say('kinds', [fs.stat(at('a')).isDirectory, fs.stat(at('a/y')).isFile, fs.stat(at('a/y')).size]);
  say(
    'absent',
    code(() => fs.stat(at('no'))),
  );
  say(
    'absent file',
    code(() => fs.open(at('no'), 'read')),
  );
  say(
    'absent for append',
    code(() => fs.open(at('no/x'), 'create')),
  );
  say(
    'below a file',
    code(() => fs.stat(at('a/y/x'))),
  );
  say(
    'directory as file',
    code(() => fs.open(at('a'), 'read')),
  );
  say(
    'file as directory',
    code(() => fs.list(at('a/y'))),
  );
  fs.remove(at('a/y'));
  say(
    'removed',
    code(() => fs.open(at('a/y'), 'read')),
  );
  say(
    'removed twice',
    code(() => fs.remove(at('a/y'))),
  );
  return out;
}

describe('file systems', () => {
  it('in memory and on disk tell the same story', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lsm-fs-'));
    try {
      assert.deepEqual(story(new MemFs(), '/root'), story(nodeFs, dir));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('read-only: looking is allowed, every change is READ_ONLY and does nothing', () => {
    const mem = new MemFs();
    mem.put('/d/f', utf8('x'));
    const fs = readOnlyFs(mem);
    assert.deepEqual([fs.list('/d'), fs.stat('/d/f').size, content(fs, '/d/f')], [['f'], 1, 'x']);
    mem.before = () => assert.fail('something was changed');
    for (const run of [
      () => fs.open('/d/f', 'create'),
      () => fs.open('/d/f', 'append'),
      () => fs.rename('/d/f', '/d/g'),
      () => fs.remove('/d/f'),
      () => fs.link('/d/f', '/d/g'),
      () => fs.mkdir('/e'),
      () => fs.syncDir('/d'),
    ]) {
      assert.equal(code(run), 'READ_ONLY');
    }
    assert.throws(() => fs.open('/d/f', 'read').append(utf8('y')), StoreError);
  });
});

describe('what a crash leaves', () => {
  const store = (): MemFs => {
    const fs = new MemFs();
    fs.mkdir('/d');
    fs.syncDir('/');
    return fs;
  };

  it('bytes behind the last sync go, as many as did not survive', () => {
    const fs = store();
    const f = fs.open('/d/log', 'create');
    fs.syncDir('/d');
    f.append(utf8('synced'));
    f.sync();
    f.append(utf8(' and not'));
    const torn = fs.fork();
    const whole = fs.fork();
    fs.crash();
    assert.equal(text(fs.read('/d/log')), 'synced');
    torn.crash({
      bytes: (path, synced, written) => {
        assert.deepEqual([path, synced, written], ['/d/log', 6, 14]);
        return 9;
      },
    });
    assert.equal(text(torn.read('/d/log')), 'synced an');
    whole.crash({ bytes: (_, __, written) => written });
    assert.equal(text(whole.read('/d/log')), 'synced and not');
    assert.throws(() => f.append(utf8('x')), /crash/);
    // What is written after the crash counts from there.
    const again = fs.open('/d/log', 'append');
    again.append(utf8('!'));
    again.sync();
    fs.crash();
    assert.equal(text(fs.read('/d/log')), 'synced!');
  });

  it('a file whose directory was not synced is gone, though its bytes were', () => {
    const fs = store();
    write(fs, '/d/f', 'bytes', true);
    const kept = fs.fork();
    fs.crash();
    assert.deepEqual(fs.list('/d'), []);
    kept.crash({ changes: (waiting) => waiting });
    assert.equal(text(kept.read('/d/f')), 'bytes');
  });

  it('an unsynced rename, remove or link is undone; changes survive from the oldest', () => {
    const fs = store();
    fs.put('/d/CURRENT', utf8('old'));
    write(fs, '/d/tmp', 'new', true);
    fs.rename('/d/tmp', '/d/CURRENT');
    fs.remove('/d/CURRENT');
    const expected = [['CURRENT'], ['CURRENT', 'tmp'], ['CURRENT'], []];
    const contents = ['old', 'old', 'new', undefined];
    for (let kept = 0; kept < 4; kept++) {
      const one = fs.fork();
      one.crash({
        changes: (waiting) => {
          assert.equal(waiting, 3);
          return kept;
        },
      });
      assert.deepEqual(one.list('/d'), expected[kept], `${kept} changes kept`);
      if (contents[kept] !== undefined) assert.equal(text(one.read('/d/CURRENT')), contents[kept]);
    }
  });

  it('a rename into a synced directory takes the entry with it, and the source name is not left behind', () => {
    const fs = store();
    fs.mkdir('/e');
    fs.syncDir('/');
    write(fs, '/d/f', 'x', true);
    fs.rename('/d/f', '/e/f');
    fs.syncDir('/e');
    fs.crash();
    assert.deepEqual([fs.list('/d'), fs.list('/e')], [[], ['f']]);
  });

  it('a file created anew over a synced one is the old one until it is synced', () => {
    const fs = store();
    fs.put('/d/f', utf8('the old content'));
    write(fs, '/d/f', 'new');
    assert.equal(text(fs.read('/d/f')), 'new');
    const synced = fs.fork();
    fs.crash();
    assert.equal(text(fs.read('/d/f')), 'the old content');
    synced.crash({
      bytes: (_, from, written) => {
        assert.deepEqual([from, written], [0, 3]);
        return 2;
      },
    });
    assert.equal(text(synced.read('/d/f')), 'ne');
  });

  it('a directory that was not synced takes what is in it along', () => {
    const fs = store();
    fs.mkdir('/d/sub');
    write(fs, '/d/sub/f', 'x', true);
    fs.syncDir('/d/sub');
    fs.crash();
    assert.deepEqual(fs.list('/d'), []);
  });

  it('before: a change that is refused did not happen', () => {
    const fs = store();
    const seen: string[] = [];
    fs.before = (operation, path) => {
      seen.push(`${operation} ${path}`);
      if (operation === 'append' || operation === 'rename')
        throw new StoreError('IO', 'no space left on the device', { path });
    };
    const f = fs.open('/d/f', 'create');
    assert.throws(() => f.append(utf8('x')), /no space/);
    assert.throws(() => fs.rename('/d/f', '/d/g'), /no space/);
    fs.before = undefined;
    assert.deepEqual([fs.list('/d'), fs.read('/d/f').length], [['f'], 0]);
    assert.deepEqual(seen, ['create /d/f', 'append /d/f', 'rename /d/f']);
  });

  it('a fork shares nothing', () => {
    const fs = store();
    const f = fs.open('/d/f', 'create');
    f.append(utf8('a'));
    const other = fs.fork();
    f.append(utf8('b'));
    const g = other.open('/d/f', 'append');
    g.append(utf8('c'));
    assert.deepEqual([text(fs.read('/d/f')), text(other.read('/d/f'))], ['ab', 'ac']);
    other.remove('/d/f');
    assert.deepEqual(fs.list('/d'), ['f']);
  });
});
