"""What several features need to know of a member: membership, consent, how to reach them."""
