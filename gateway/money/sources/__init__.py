"""Where prices come from: two open price lists that may be installed here, made one, checked and dated.

Nothing is fetched: what is not installed is not read. None of this is loaded to price a request.
"""
