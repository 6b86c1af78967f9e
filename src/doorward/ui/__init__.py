"""Pages for persons: signing up, welcome, errors. Rendered here, without a build step; they work without JavaScript."""
