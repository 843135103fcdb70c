/** The compaction visualiser: the life of a family's tree as a map, a scrubber and curves. */
import './visualizer.css';
import { isSavedView } from '../engine/protocol/viewState.ts';
import { registerToolkit } from './toolkit.ts';
import { Host } from './ui/host.ts';
import { buildPage } from './visualizer/page.ts';
import { fromSaved } from './visualizer/saved.ts';

registerToolkit();
const host = new Host();
const saved = host.state;
const restored = isSavedView(saved) && saved.view === 'visualizer' ? fromSaved(saved.ui) : undefined;
host.start(buildPage(host, restored));
