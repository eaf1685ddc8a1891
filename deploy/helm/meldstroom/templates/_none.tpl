{{- /* The umbrella has no objects of its own: every block brings its chart. */ -}}
