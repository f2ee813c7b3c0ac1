import type { Theme } from 'vitepress';
// Without the fonts, which would be two thirds of the first load.
import DefaultTheme from 'vitepress/theme-without-fonts';
import Playground from './Playground.vue';
import { typesOnHover } from './hover.js';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => {
    app.component('Playground', Playground);
    if (typeof document !== 'undefined') typesOnHover();
  },
} satisfies Theme;
