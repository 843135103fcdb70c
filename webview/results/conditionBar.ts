/** The line in which the condition of a query stands, is changed, and runs again. */
import { visibleString } from '../text/visible.ts';
import { el, icon, iconButton, setText, show } from '../ui/dom.ts';
import { debounce, type Host, type ViewCall } from '../ui/host.ts';

/** Typing that has rested so long is checked. */
const REST_MILLIS = 200;

export interface ConditionActions {
  readonly host: Host;
  readonly family: () => number;
  /** The keyboard goes back to the rows. */
  leave(): void;
}

export class ConditionBar {
  readonly element: HTMLElement;
  readonly #a: ConditionActions;
  readonly #input = el('input', {
    type: 'text',
    class: 'condition-input',
    'aria-label': 'Condition',
    'aria-describedby': 'condition-fault',
  });
  readonly #fault = el('div', { class: 'condition-fault', id: 'condition-fault', role: 'alert' });
  readonly #clear = iconButton('close', 'No condition', () => this.#run(''));
  readonly #apply = iconButton('play', 'Run with this condition (Enter)', () => void this.#accept());
  #current = '';
  #call: ViewCall<unknown> | undefined;

  constructor(actions: ConditionActions) {
    this.#a = actions;
    this.#input.placeholder = 'Condition, for example value.user.age >= 30 and key ~ "vip"';
    this.#input.spellcheck = false;
    this.element = el(
      'div',
      { class: 'condition', role: 'search' },
      icon('filter'),
      el('div', { class: 'condition-box' }, this.#input, this.#fault),
      this.#apply,
      this.#clear,
    );
    const check = debounce(REST_MILLIS, () => void this.#check());
    this.#input.addEventListener('input', () => {
      this.#paint();
      check();
    });
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') void this.#accept();
      else if (event.key === 'Escape') {
        this.set(this.#current);
        this.#a.leave();
      } else if (event.key === 'ArrowDown') this.#a.leave();
      else return;
      event.preventDefault();
    });
    this.set('');
  }

  /** The condition of the query that is shown; what was typed and not run is gone. */
  set(where: string): void {
    this.#current = where;
    this.#input.value = where;
    this.#tell(undefined);
    this.#paint();
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  async #accept(): Promise<void> {
    const where = this.#input.value.trim();
    if (where !== '' && !(await this.#check())) return;
    if (this.#input.value.trim() === where) this.#run(where);
  }

  #run(where: string): void {
    this.#input.value = where;
    this.#tell(undefined);
    this.#a.host.do({ action: 'setCondition', where });
    this.#a.leave();
  }

  /** Resolves to whether it can run; says why not. */
  async #check(): Promise<boolean> {
    this.#call?.cancel();
    this.#call = undefined;
    const where = this.#input.value.trim();
    if (where === '') {
      this.#tell(undefined);
      return true;
    }
    const call = this.#a.host.call('checkWhere', { family: this.#a.family(), where });
    this.#call = call;
    try {
      const problem = await call.result;
      if (this.#call !== call) return false;
      this.#tell(problem === null ? undefined : [problem.message, problem.mend].filter(Boolean).join('; '));
      return problem === null;
    } catch {
      // The engine is gone, and the tab says so.
      return false;
    }
  }

  #tell(fault: string | undefined): void {
    setText(this.#fault, fault === undefined ? '' : visibleString(fault));
    show(this.#fault, fault !== undefined);
    this.#input.setAttribute('aria-invalid', String(fault !== undefined));
  }

  #paint(): void {
    show(this.#clear, this.#input.value !== '');
    show(this.#apply, this.#input.value.trim() !== this.#current);
  }
}
