// The script of the page: shows the table of users, and searches it. Whatever comes from the store becomes text
// of a node, and never markup.
#include "report/page.hpp"

namespace usertags::command {

std::string_view page_script() noexcept {
  return R"js(
'use strict';
(() => {
  const kPage = 50;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const low = (text) => text.toLowerCase();

  // A user with what is searched: tags as pairs, and all texts as one.
  const users = data.users.map(([externalId, id, revision, flat]) => {
    const tags = [];
    for (let i = 0; i < flat.length; i += 2) tags.push([data.keys[flat[i]], flat[i + 1]]);
    const searched = tags.map(([key, value]) => [low(key), low(value)]);
    const words = low(externalId) + '\n' + id + '\n' + searched.map((tag) => tag.join('=')).join('\n');
    return {externalId, id, revision, tags, searched, words};
  });

  // Terms are parted by blanks outside of quotes. Each is a test of one user.
  const testOf = (term) => {
    const unquoted = (text) => text.replace(/"((?:[^"\\]|\\.)*)"?/g, (all, inner) => inner.replace(/\\(.)/g, '$1'));
    const equals = term.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => '.'.repeat(quoted.length)).indexOf('=');
    if (equals < 1) {
      const word = unquoted(term);
      return (user) => user.words.includes(word);
    }
    const key = unquoted(term.slice(0, equals));
    let value = unquoted(term.slice(equals + 1));
    const begins = term.endsWith('*');
    if (begins) value = value.slice(0, -1);
    return (user) => user.searched.some((tag) => tag[0] === key && (begins ? tag[1].startsWith(value) : tag[1] === value));
  };
  const testsOf = (query) => (low(query).match(/(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/g) || []).map((term) => {
    if (term[0] !== '!' || term === '!') return testOf(term);
    const test = testOf(term.slice(1));
    return (user) => !test(user);
  });

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const rowOf = (user) => {
    const name = element('th', '', element('bdi', '', user.externalId), element('span', 'id', user.id));
    name.scope = 'row';
    const tags = element('ul', 'tags', ...user.tags.map(([key, value]) =>
      element('li', '', element('span', 'k', element('bdi', '', key), '='), element('bdi', '', value))));
    return element('tr', '', name, element('td', '', tags), element('td', 'n', user.revision.toLocaleString('en')));
  };

  const box = byId('find');
  const more = byId('more');
  const body = document.querySelector('.people tbody');
  let matching = users;
  let shown = 0;
  const show = () => {
    body.append(...matching.slice(shown, shown + kPage).map(rowOf));
    shown = Math.min(shown + kPage, matching.length);
    more.hidden = shown === matching.length;
    const count = (number) => number.toLocaleString('en');
    const left = more.hidden ? '' : `, the first ${count(shown)} shown`;
    byId('found').textContent = matching.length === users.length ? `${count(users.length)} users${left}`
      : `${count(matching.length)} of ${count(users.length)} users match${left}`;
  };
  const search = () => {
    const tests = testsOf(box.value);
    matching = users.filter((user) => tests.every((test) => test(user)));
    shown = 0;
    body.replaceChildren();
    show();
  };
  const quoted = (text) => /^[^\s"!=*\\]+$/.test(text) ? text : '"' + text.replace(/["\\]/g, '\\$&') + '"';

  byId('finder').hidden = false;
  box.addEventListener('input', search);
  more.addEventListener('click', () => {
    const first = shown;
    show();
    const name = body.children[first].firstChild;
    name.tabIndex = -1;   // whoever goes by keyboard goes on where the new ones begin
    name.focus({preventScroll: true});
  });
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-key]');
    if (!link) return;
    box.value = quoted(link.dataset.key) + '=' + quoted(link.dataset.value);
    search();
  });
  search();   // a browser may have kept what was typed before
})();
)js";
}

}   // namespace usertags::command
