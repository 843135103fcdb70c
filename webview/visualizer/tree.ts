/** The tree at the place on show, for panes that walk its tables. */
import { TreeAt } from '../../engine/model/timeline/timeline.ts';
import type { Context } from './context.ts';
import { placeOf } from './seek.ts';

/** The lives of all levels, in the order of the tree. */
export function livesIn(tree: TreeAt): Uint32Array {
  const lives = new Uint32Array(tree.count);
  let n = 0;
  for (let level = 0; level < tree.levels; level++) {
    const own = tree.lives(level);
    lives.set(own, n);
    n += own.length;
  }
  return lives;
}

/** Gives the tree as it stands at the place on show; good until the next call. */
export function treeOnShow(context: Context): () => TreeAt {
  let tree: TreeAt | undefined;
  return () => {
    if (tree === undefined || tree.timeline !== context.timeline) tree = new TreeAt(context.timeline);
    tree.seek(placeOf(context));
    return tree;
  };
}
