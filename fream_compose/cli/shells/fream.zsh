#compdef fream
# Completes fream in zsh. fream itself says what fits at the cursor.
_fream() {
    local line tab=$'\t' program=${${(Q)words[1]}/#\~\//$HOME/}
    local -a before=("${(@Q)words[2,CURRENT-1]}") found
    for line in "${(@f)$(_FREAM_COMPLETE=words $program $before "${(Q)PREFIX}" 2>/dev/null)}"; do
        case $line in
            /) _files -/ && return ;;
            .) _files && return ;;
            ?*) found+=("${${line//:/\\:}/$tab/:}") ;;
        esac
    done
    _describe -V fream found
}
if [[ ${funcstack[1]} == _fream ]]; then
    _fream "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
    compdef _fream fream
fi
