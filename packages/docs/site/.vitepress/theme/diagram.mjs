import mermaidUrl from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';
import { defineComponent, h, onMounted, ref } from 'vue';

/** Draws the source of a Mermaid diagram, which is URI-encoded, in the browser. */
export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup({ source }) {
    const svg = ref('');
    onMounted(async () => {
      const mermaid = await loadMermaid();
      const theme = document.documentElement.classList.contains('dark') ? 'dark' : 'neutral';
      mermaid.initialize({ startOnLoad: false, theme });
      const id = `diagram-${Math.random().toString(36).slice(2)}`;
      ({ svg: svg.value } = await mermaid.render(id, decodeURIComponent(source)));
    });
    return () => h('div', { class: 'diagram', innerHTML: svg.value });
  },
});

let loading;

/** Mermaid comes as a classic script that sets a global; pages without diagrams do not load it. */
function loadMermaid() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = mermaidUrl;
    script.onload = () => resolve(globalThis.mermaid);
    script.onerror = () => reject(new Error(`could not load ${mermaidUrl}`));
    document.head.append(script);
  });
  return loading;
}
