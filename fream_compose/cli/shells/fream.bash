# Completes fream in bash. fream itself says what fits at the cursor.
_fream() {
    mapfile -t COMPREPLY < <(_FREAM_COMPLETE=line "$1" "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    case ${COMPREPLY[0]-} in
        /) COMPREPLY=() && compopt -o dirnames ;;
        .) COMPREPLY=() && compopt -o default ;;
    esac
}
complete -o nosort -F _fream fream 2>/dev/null || complete -F _fream fream
