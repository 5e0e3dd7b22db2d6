// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/**
 * @title Settlement of energy between pairs of parties by cumulative records that both have signed
 *
 * @notice Two parties `a < b` keep a chain of records off chain. Each record says what either side has owed the other
 * since the beginning (`cumA`, `cumB`), so the newest record pays for all before it and one call settles thousands.
 * Energy, price and payer of a record stand in its body. The body stays off chain; its hash is part of what is signed.
 *
 * What this contract enforces: both parties were registered for the whole service period, both have signed, `seq` rises,
 * no total ever falls, and the party that owes has the money. What it cannot know: whether the meter told the truth and
 * whether amounts follow from prices. Both are bound by hashes in the body and are checked by the parties and by auditors.
 *
 * Parties are named by their owner address (cold key). A registered signer (hot key) signs for the owner.
 * There is no owner of the contract, no proxy and no pause: nobody can move money or change a rule.
 *
 * IMPORTANT: `token` must be a plain ERC-20: no fee on transfer, no rebasing, no transfer hooks. Amounts are in its
 * smallest unit, which is to be one micro-unit of the currency of the records.
 */
contract Settlement is EIP712 {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using SafeCast for int256;

    /**
     * @notice A party's signer and when it may sign for service periods.
     * @param signer Hot key; zero for who was never registered.
     * @param since Unix seconds from which service periods may start: the time of registration.
     * @param until Unix seconds by which service periods must end; the largest value while not retired.
     */
    struct Party {
        address signer;
        uint48 since;
        uint48 until;
    }

    /**
     * @notice A record as this contract needs it: all but its body.
     * @param a Party with the lower address.
     * @param b Party with the higher address.
     * @param seq Number of the record in the pair's chain, from 1.
     * @param start Unix seconds at which the service period starts.
     * @param end Unix seconds at which it ends, after `start`.
     * @param cumA All that a has ever owed b, this record included.
     * @param cumB All that b has ever owed a, this record included.
     * @param bodyHash EIP-712 hashStruct of the record's Body.
     */
    struct Head {
        address a;
        address b;
        uint64 seq;
        uint64 start;
        uint64 end;
        uint128 cumA;
        uint128 cumB;
        bytes32 bodyHash;
    }

    /**
     * @notice Escrow and state of one pair.
     * @param balanceA Money on a's side. It secures what a owes and takes in what b pays.
     * @param balanceB The same for b.
     * @param cumA `cumA` of the newest settled record.
     * @param cumB `cumB` of the newest settled record.
     * @param open What a still owes b from settled records, net; negative where b owes a. Zero unless a settlement was partial.
     * @param seq Number of the newest settled record.
     * @param withdrawals How many withdrawals were made; the nonce of the next one.
     * @param head Digest of the newest settled record.
     */
    struct Pair {
        uint128 balanceA;
        uint128 balanceB;
        uint128 cumA;
        uint128 cumB;
        int128 open;
        uint64 seq;
        uint64 withdrawals;
        bytes32 head;
    }

    /**
     * @notice The Merkle root over all records of one party in one of its epochs.
     * @param root Root of double-hashed leaves of the records' digests. Zero where nothing was committed.
     * @param count How many leaves it has.
     * @param time Unix seconds of the block that took it.
     */
    struct Commitment {
        bytes32 root;
        uint32 count;
        uint64 time;
    }

    /// @notice The service period of a record may end so many seconds after the block's time, for clocks that differ.
    uint256 public constant MAX_AHEAD = 1 hours;

    bytes32 private constant RECORD_TYPEHASH = keccak256(
        "Record(address a,address b,uint64 seq,uint64 start,uint64 end,uint128 cumA,uint128 cumB,Body body)"
        "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)"
    );
    bytes32 private constant POSSESSION_TYPEHASH = keccak256("PossessionProof(address owner)");
    bytes32 private constant WITHDRAWAL_TYPEHASH = keccak256(
        "Withdrawal(address a,address b,uint128 amountA,uint128 amountB,uint64 nonce,uint64 deadline)"
    );

    /// @notice The money.
    IERC20 public immutable token;
    /// @notice Who says which key is whose: a distribution system operator or regulator, never an aggregator.
    address public immutable registrar;

    mapping(address owner => Party) private _parties;
    mapping(address a => mapping(address b => Pair)) private _pairs;
    mapping(address by => uint64) private _epochs;
    mapping(address by => mapping(uint64 epoch => Commitment)) private _commitments;

    /// @notice A party was registered or retired.
    event PartySet(address indexed owner, address indexed signer, uint48 since, uint48 until);
    /// @notice Money came in on one side of a pair.
    event Deposited(address indexed a, address indexed b, bool sideA, uint256 amount, address from);
    /// @notice A record was settled. `payer` owed `due` net and paid `paid` of it to the other side of the pair.
    event Settled(address indexed a, address indexed b, uint64 indexed seq, bytes32 head, address payer, uint256 due, uint256 paid);
    /// @notice After a partial settlement `payer` still owes `missing`.
    event Shortfall(address indexed a, address indexed b, uint64 indexed seq, address payer, uint256 missing);
    /// @notice `payer` paid `paid` of what was left open by partial settlements.
    event Collected(address indexed a, address indexed b, address payer, uint256 paid);
    /// @notice Both parties took money out.
    event Withdrawn(address indexed a, address indexed b, uint64 nonce, uint256 amountA, uint256 amountB);
    /// @notice A party bound itself to all records of an epoch. `data` says where they are or holds them; it is not interpreted.
    event Committed(address indexed by, uint64 indexed epoch, bytes32 root, uint32 count, bytes data);

    /// @notice Only the registrar may do this.
    error NotRegistrar(address caller);
    /// @notice The zero address cannot be a party, signer, token or registrar.
    error ZeroAddress();
    /// @notice An owner is registered once; who was retired comes back under another owner address.
    error AlreadyRegistered(address owner);
    /// @notice Nobody registered this owner.
    error UnknownParty(address owner);
    /// @notice A retirement can neither lie in the past nor put off an earlier one.
    error BadRetirement(uint256 until, uint256 earliest, uint256 latest);
    /// @notice The party was not registered for the whole of the service period.
    error PartyNotValid(address owner, uint256 start, uint256 end, uint256 since, uint256 until);
    /// @notice The signature is not by the party's signer; `recovered` is zero where it is no signature at all.
    error WrongSigner(address owner, address signer, address recovered);
    /// @notice `a` must be lower than `b`.
    error PartiesNotOrdered(address a, address b);
    /// @notice A service period ends after it starts.
    error BadPeriod(uint256 start, uint256 end);
    /// @notice The service period ends too far in the future.
    error FutureEnd(uint256 end, uint256 latest);
    /// @notice A record with this or a higher number was settled before.
    error StaleSeq(uint256 seq, uint256 settled);
    /// @notice A total is lower than in the newest settled record.
    error FallingTotal(address owner, uint256 total, uint256 settled);
    /// @notice The payer's side of the pair holds less than is due.
    error InsufficientEscrow(address payer, uint256 due, uint256 balance);
    /// @notice Nothing is open between the two, or its payer has no money.
    error NothingToCollect(address a, address b);
    /// @notice An amount of zero.
    error ZeroAmount();
    /// @notice The withdrawal was signed for another nonce.
    error WrongNonce(uint256 nonce, uint256 expected);
    /// @notice The withdrawal's deadline has passed.
    error Expired(uint256 deadline, uint256 time);
    /// @notice Only the party itself or its signer may do this.
    error NotParty(address caller, address owner);
    /// @notice Epochs of a party are numbered 1, 2, 3, … and each is committed once.
    error WrongEpoch(uint256 epoch, uint256 expected);
    /// @notice A commitment needs a root and at least one leaf.
    error EmptyCommitment();

    /**
     * @param token_ The money; see the note on plain ERC-20 above.
     * @param registrar_ Who registers and retires parties. May be a contract.
     */
    constructor(IERC20 token_, address registrar_) EIP712("Smart-MLA Settlement", "1") {
        if (address(token_) == address(0) || registrar_ == address(0)) revert ZeroAddress();
        token = token_;
        registrar = registrar_;
    }

    // ------------------------------------------------------------------------------------------------ parties

    /**
     * @notice Registers a party; its records may cover service periods from now on.
     * @dev An owner is registered at most once, so a key of the past stays readable for ever.
     * @param owner The party.
     * @param signer Its hot key.
     * @param pop Signature of `PossessionProof(owner)` by `signer`, so nobody can register somebody else's key.
     */
    function register(address owner, address signer, bytes calldata pop) external onlyRegistrar {
        if (owner == address(0) || signer == address(0)) revert ZeroAddress();
        if (_parties[owner].signer != address(0)) revert AlreadyRegistered(owner);
        _checkSigner(owner, signer, _hashTypedDataV4(keccak256(abi.encode(POSSESSION_TYPEHASH, owner))), pop);
        _setParty(owner, Party(signer, uint48(block.timestamp), type(uint48).max));
    }

    /**
     * @notice Ends a party: no record whose service period ends later can be settled. Records of before remain good,
     * and money in escrow is not touched.
     * @param owner The party.
     * @param until Unix seconds, not before this block; 0 stands for this block's time. A set date can only be brought forward.
     */
    function retire(address owner, uint48 until) external onlyRegistrar {
        Party memory party = _partyOf(owner);
        uint48 ending = until == 0 ? uint48(block.timestamp) : until;
        if (ending < block.timestamp || ending >= party.until) revert BadRetirement(ending, block.timestamp, party.until);
        party.until = ending;
        _setParty(owner, party);
    }

    // ------------------------------------------------------------------------------------------------ money

    /**
     * @notice Pays into one side of a pair. Anyone may pay for anyone; the caller must have approved this contract.
     * @param a Party with the lower address; registered.
     * @param b Party with the higher address; registered.
     * @param sideA True for a's side, false for b's.
     * @param amount Token units, above zero.
     */
    function deposit(address a, address b, bool sideA, uint128 amount) external {
        if (a >= b) revert PartiesNotOrdered(a, b);
        if (amount == 0) revert ZeroAmount();
        _partyOf(a);
        _partyOf(b);
        Pair storage pair = _pairs[a][b];
        if (sideA) pair.balanceA += amount;
        else pair.balanceB += amount;
        emit Deposited(a, b, sideA, amount, msg.sender);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /**
     * @notice Settles the newest record of a pair, and with it all records before. Anyone may send it.
     * @dev What the two owe each other is netted first: `due` = what a owes b less what b owes a, counted from the last
     * settlement, and only the side that owes more pays the difference. Its balance before this call must cover that
     * difference in full. Paid money stays in the pair, on the side of who earned it, where it secures later dues.
     * @param head The record without its body.
     * @param sigA Signature of the record by a's signer.
     * @param sigB Signature of the record by b's signer.
     */
    function settle(Head calldata head, bytes calldata sigA, bytes calldata sigB) external {
        (Pair memory pair, bytes32 digest_, int256 due) = _accept(head, sigA, sigB);
        (address payer, uint256 owed, uint256 balance) = _payer(pair, head.a, head.b, due);
        if (balance < owed) revert InsufficientEscrow(payer, owed, balance);
        _payOpen(pair, head.a, payer, due, owed);
        _pairs[head.a][head.b] = pair;
        emit Settled(head.a, head.b, head.seq, digest_, payer, owed, owed);
    }

    /**
     * @notice As `settle`, but where the money does not suffice all of it is paid and the rest stays booked as open.
     * The next settlement or `collect` takes it.
     */
    function settlePartial(Head calldata head, bytes calldata sigA, bytes calldata sigB) external {
        (Pair memory pair, bytes32 digest_, int256 due) = _accept(head, sigA, sigB);
        (address payer, uint256 owed, uint256 balance) = _payer(pair, head.a, head.b, due);
        uint256 paid = balance < owed ? balance : owed;
        _payOpen(pair, head.a, payer, due, paid);
        _pairs[head.a][head.b] = pair;
        emit Settled(head.a, head.b, head.seq, digest_, payer, owed, paid);
        if (paid < owed) emit Shortfall(head.a, head.b, head.seq, payer, owed - paid);
    }

    /// @notice Pays what partial settlements left open, as far as the payer's side has money by now. Anyone may call it.
    function collect(address a, address b) external {
        Pair memory pair = _pairs[a][b];
        int256 due = pair.open;
        (address payer, uint256 owed, uint256 balance) = _payer(pair, a, b, due);
        if (owed == 0 || balance == 0) revert NothingToCollect(a, b);
        uint256 paid = balance < owed ? balance : owed;
        _payOpen(pair, a, payer, due, paid);
        _pairs[a][b] = pair;
        emit Collected(a, b, payer, paid);
    }

    /**
     * @notice Takes money out: `amountA` from a's side to a and `amountB` from b's side to b. Both must have signed, so
     * neither can leave before its dues are settled. Signers of retired parties may still sign this.
     * @param nonce `withdrawals` of the pair.
     * @param deadline Unix seconds until which the signatures are good.
     * @param sigA Signature of `Withdrawal(a, b, amountA, amountB, nonce, deadline)` by a's signer.
     * @param sigB The same by b's signer.
     */
    function withdraw(
        address a,
        address b,
        uint128 amountA,
        uint128 amountB,
        uint64 nonce,
        uint64 deadline,
        bytes calldata sigA,
        bytes calldata sigB
    ) external {
        if (a >= b) revert PartiesNotOrdered(a, b);
        if (amountA == 0 && amountB == 0) revert ZeroAmount();
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        Pair storage pair = _pairs[a][b];
        if (nonce != pair.withdrawals) revert WrongNonce(nonce, pair.withdrawals);
        bytes32 digest_ = _hashTypedDataV4(
            keccak256(abi.encode(WITHDRAWAL_TYPEHASH, a, b, amountA, amountB, nonce, deadline))
        );
        _checkSigner(a, _partyOf(a).signer, digest_, sigA);
        _checkSigner(b, _partyOf(b).signer, digest_, sigB);
        if (amountA > pair.balanceA) revert InsufficientEscrow(a, amountA, pair.balanceA);
        if (amountB > pair.balanceB) revert InsufficientEscrow(b, amountB, pair.balanceB);
        pair.withdrawals = nonce + 1;
        pair.balanceA -= amountA;
        pair.balanceB -= amountB;
        emit Withdrawn(a, b, nonce, amountA, amountB);
        if (amountA > 0) token.safeTransfer(a, amountA);
        if (amountB > 0) token.safeTransfer(b, amountB);
    }

    // ------------------------------------------------------------------------------------------------ log of records

    /**
     * @notice Binds a party to all records of one epoch, for ever.
     * @param by The party; the caller is its owner or its signer, and it is not retired.
     * @param epoch The party's own running number, one more than its last.
     * @param root Root of a Merkle tree of double-hashed leaves (OpenZeppelin StandardMerkleTree of `["bytes32"]`).
     * @param count Number of leaves, above zero.
     * @param data Where the records are published, or the records; only logged.
     */
    function commit(address by, uint64 epoch, bytes32 root, uint32 count, bytes calldata data) external {
        Party memory party = _partyOf(by);
        if (msg.sender != by && msg.sender != party.signer) revert NotParty(msg.sender, by);
        if (block.timestamp > party.until)
            revert PartyNotValid(by, block.timestamp, block.timestamp, party.since, party.until);
        if (root == bytes32(0) || count == 0) revert EmptyCommitment();
        uint64 expected = _epochs[by] + 1;
        if (epoch != expected) revert WrongEpoch(epoch, expected);
        _epochs[by] = epoch;
        _commitments[by][epoch] = Commitment(root, count, uint64(block.timestamp));
        emit Committed(by, epoch, root, count, data);
    }

    // ------------------------------------------------------------------------------------------------ views

    /// @notice Whether a record is in an epoch that a party committed. False where there is no such epoch.
    function included(address by, uint64 epoch, bytes32 leafDigest, bytes32[] calldata proof) external view returns (bool) {
        bytes32 root = _commitments[by][epoch].root;
        if (root == bytes32(0)) return false;
        // Hashed twice, so no inner node can pass for a leaf.
        return MerkleProof.verifyCalldata(proof, root, keccak256(bytes.concat(keccak256(abi.encode(leafDigest)))));
    }

    /// @notice One commitment; all zero where there is none.
    function commitmentOf(address by, uint64 epoch) external view returns (Commitment memory) {
        return _commitments[by][epoch];
    }

    /// @notice Number of a party's newest epoch, 0 before the first.
    function epochOf(address by) external view returns (uint64) {
        return _epochs[by];
    }

    /// @notice State of a pair; all zero before the first deposit or settlement.
    function pairOf(address a, address b) external view returns (Pair memory) {
        return _pairs[a][b];
    }

    /// @notice Registration of a party; all zero for who was never registered.
    function partyOf(address owner) external view returns (Party memory) {
        return _parties[owner];
    }

    /// @notice What both sides sign: the EIP-712 digest of the record with this head.
    function digest(Head calldata head) external view returns (bytes32) {
        return _digest(head);
    }

    // ------------------------------------------------------------------------------------------------ inside

    modifier onlyRegistrar() {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        _;
    }

    function _setParty(address owner, Party memory party) private {
        _parties[owner] = party;
        emit PartySet(owner, party.signer, party.since, party.until);
    }

    function _partyOf(address owner) private view returns (Party memory party) {
        party = _parties[owner];
        if (party.signer == address(0)) revert UnknownParty(owner);
    }

    function _digest(Head calldata head) private view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    RECORD_TYPEHASH, head.a, head.b, head.seq, head.start, head.end, head.cumA, head.cumB, head.bodyHash
                )
            )
        );
    }

    /// @dev Checks a record and books its totals, in memory only: each slot of the pair is written once, by the caller.
    /// Returns what a owes b now, net; negative where b owes a.
    function _accept(
        Head calldata head,
        bytes calldata sigA,
        bytes calldata sigB
    ) private view returns (Pair memory pair, bytes32 digest_, int256 due) {
        if (head.a >= head.b) revert PartiesNotOrdered(head.a, head.b);
        if (head.start >= head.end) revert BadPeriod(head.start, head.end);
        if (head.end > block.timestamp + MAX_AHEAD) revert FutureEnd(head.end, block.timestamp + MAX_AHEAD);
        pair = _pairs[head.a][head.b];
        if (head.seq <= pair.seq) revert StaleSeq(head.seq, pair.seq);
        if (head.cumA < pair.cumA) revert FallingTotal(head.a, head.cumA, pair.cumA);
        if (head.cumB < pair.cumB) revert FallingTotal(head.b, head.cumB, pair.cumB);
        digest_ = _digest(head);
        _checkSide(head.a, head, digest_, sigA);
        _checkSide(head.b, head, digest_, sigB);
        due = int256(pair.open) + int256(uint256(head.cumA - pair.cumA)) - int256(uint256(head.cumB - pair.cumB));
        pair.cumA = head.cumA;
        pair.cumB = head.cumB;
        pair.seq = head.seq;
        pair.head = digest_;
    }

    function _checkSide(address owner, Head calldata head, bytes32 digest_, bytes calldata signature) private view {
        Party memory party = _partyOf(owner);
        if (head.start < party.since || head.end > party.until)
            revert PartyNotValid(owner, head.start, head.end, party.since, party.until);
        _checkSigner(owner, party.signer, digest_, signature);
    }

    /// @dev OpenZeppelin's ECDSA takes 65-byte signatures with low s only.
    function _checkSigner(address owner, address signer, bytes32 digest_, bytes calldata signature) private pure {
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest_, signature);
        if (recovered != signer) revert WrongSigner(owner, signer, recovered);
    }

    function _payer(
        Pair memory pair,
        address a,
        address b,
        int256 due
    ) private pure returns (address payer, uint256 owed, uint256 balance) {
        return due >= 0 ? (a, uint256(due), uint256(pair.balanceA)) : (b, uint256(-due), uint256(pair.balanceB));
    }

    /// @dev Moves `paid`, at most the payer's balance and what it owes, to the other side and keeps the rest as open.
    function _payOpen(Pair memory pair, address a, address payer, int256 due, uint256 paid) private pure {
        uint128 units = paid.toUint128();
        if (payer == a) {
            pair.open = (due - int256(paid)).toInt128();
            pair.balanceA -= units;
            pair.balanceB += units;
        } else {
            pair.open = (due + int256(paid)).toInt128();
            pair.balanceB -= units;
            pair.balanceA += units;
        }
    }
}
