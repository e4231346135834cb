'use strict';
(() => {
  const find = (selector, below = document) => below.querySelector(selector);
  const all = (selector, below = document) => [...below.querySelectorAll(selector)];
  const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  document.documentElement.classList.add('live');
  const table = find('table');
  if (!table) return;
  const rows = all('tbody > tr', table);
  const isGrid = table.classList.contains('grid');
  const heads = isGrid ? all('thead th', table).slice(1) : [];
  const cells = rows.map((row) => all('td', row));
  const low = (text) => text.toLowerCase();

  // Filter
  const form = find('#filter');
  const names = rows.map((row) => low(isGrid ? find('th', row).textContent : row.textContent));
  const people = heads.map((_, at) => low(find('#p' + at).textContent));
  const fields = ['#by-row', '#by-persona', '#by-verdict'].map((it) => find(it));
  const filter = () => {
    const [text, persona, verdict] = fields.map((it) => (it ? low(it.value.trim()) : ''));
    const columns = people.map((it) => it.includes(persona));
    const has = (cell) => !verdict || (cell.classList.contains(verdict) && cell.textContent !== '');
    const kept = rows.map((_, row) =>
      names[row].includes(text) && cells[row].some((cell, at) => (!isGrid || columns[at]) && has(cell)));
    const shown = columns.map((it, at) => it && (!verdict || rows.some((_, row) => kept[row] && has(cells[row][at]))));
    rows.forEach((row, at) => { row.hidden = !kept[at]; });
    if (isGrid) {
      heads.forEach((head, at) => { head.hidden = !shown[at]; });
      cells.forEach((row) => row.forEach((cell, at) => { cell.hidden = !shown[at]; }));
    }
    const count = (list) => list.filter(Boolean).length + ' of ' + list.length;
    find('#count').textContent = count(kept) + ' rows' + (isGrid ? ', ' + count(shown) + ' columns' : '');
    if (isGrid) rove(current);
  };
  form.hidden = false;
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());

  // Cells: one of them is reached by Tab, the others by arrows
  let current = null;
  const isShown = (link) => link && !link.closest('[hidden]');
  const links = isGrid ? all('tbody td a', table) : [];
  const rove = (link) => {
    const next = isShown(link) ? link : links.find(isShown);
    if (current) current.tabIndex = -1;
    current = next || null;
    if (current) current.tabIndex = 0;
  };
  if (isGrid) {
    links.forEach((it) => { it.tabIndex = -1; });
    filter();
    table.addEventListener('focusin', (event) => { if (event.target.matches('td a')) rove(event.target); });
    table.addEventListener('keydown', (event) => {
      const cell = event.target.closest('td');
      if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
      const shown = cells.filter((_, at) => !rows[at].hidden).map((row) => row.filter((it) => !it.hidden));
      const row = shown.findIndex((it) => it.includes(cell));
      const at = shown[row].indexOf(cell);
      const to = {
        ArrowLeft: [row, at - 1], ArrowRight: [row, at + 1], ArrowUp: [row - 1, at], ArrowDown: [row + 1, at],
        Home: [row, 0], End: [row, shown[row].length - 1],
        PageUp: [0, at], PageDown: [shown.length - 1, at],
      }[event.key];
      if (!to) return;
      event.preventDefault();
      const next = shown[to[0]] && shown[to[0]][to[1]];
      if (next) find('a', next).focus();
    });
  } else {
    filter();
  }

  // Reasons
  const dialog = find('#why');
  const open = (title, parts) => {
    const heading = make('h2', title);
    heading.id = 'why-title';
    const close = make('button', 'Close');
    close.addEventListener('click', () => dialog.close());
    dialog.replaceChildren(heading, ...parts, close);
    dialog.showModal();
    close.focus({ preventScroll: true });
  };
  const copy = (id) => [...find(id).cloneNode(true).childNodes].filter((it) => !it.classList.contains('of'));
  table.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (!link) return;
    event.preventDefault();
    const at = link.closest('td') ? cells[rows.indexOf(link.closest('tr'))].indexOf(link.closest('td')) : heads.indexOf(link.closest('th'));
    const who = make('p', find('#p' + at).textContent);
    if (link.closest('th')) {
      open('Column ' + (at + 1), [who]);
      return;
    }
    const row = find('th', link.closest('tr'));
    const summary = find('summary', row) || row;
    const scopes = find('i', row);
    const named = [...summary.childNodes].filter((it) => it !== scopes).map((it) => it.textContent).join('').trim();
    const what = scopes ? scopes.textContent + ' on ' + named : named;
    const also = [];
    if (find('details', row)) also.push(make('h3', 'Resources'), make('p', [...find('details', row).childNodes].slice(1).map((it) => it.textContent).join('')));
    open(what, [who, ...copy(link.getAttribute('href')), ...also]);
  });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
})();
