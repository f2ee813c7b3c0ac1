import { h } from 'vue';
import type { Theme } from 'vitepress';
// Without the fonts, which would be two thirds of the first load.
import DefaultTheme from 'vitepress/theme-without-fonts';
import AsMarkdown from './AsMarkdown.vue';
import Playground from './Playground.vue';
import { typesOnHover } from './hover.js';
import './style.css';

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'doc-footer-before': () => h(AsMarkdown) }),
  enhanceApp: ({ app }) => {
    app.component('Playground', Playground);
    if (typeof document !== 'undefined') typesOnHover();
  },
} satisfies Theme;
